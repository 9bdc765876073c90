//! The files of a crate, and which file imports which.
//!
//! A path in a `use` line leads to the file that *defines* the last name, through every `pub use` on the way. So a `mod.rs`
//! that only lists and re-exports its children isn't part of a circle, and one that defines something for them is as soon
//! as it imports them. Paths in the code that begin with `crate` count as well. Code that is compiled for tests alone
//! doesn't.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemMod, UseTree, Visibility};

/// The names of a module from the crate's root on. The list is empty for the root itself.
type Names = Vec<String>;

/// One module: a file, or a `mod` with braces in one.
#[derive(Debug, Default)]
struct Module {
    file: PathBuf,
    /// The items that it defines.
    items: BTreeSet<String>,
    /// The names that `use` lines bring into it, and the path that it stands for. Globs are named `*`.
    uses: Vec<(String, Names)>,
    /// Other paths that begin with `crate`.
    paths: Vec<Names>,
}

/// All modules of a crate.
#[derive(Debug, Default)]
pub struct Crate {
    modules: BTreeMap<Names, Module>,
}

impl Crate {
    /// Reads a crate from its root file, with `read` to read each file.
    ///
    /// # Errors
    ///
    /// When a file is missing or can't be parsed.
    pub fn read(root: &Path, read: &impl Fn(&Path) -> Option<String>) -> Result<Self, String> {
        let mut found = Self::default();
        found.add_file(Vec::new(), root, true, read)?;
        Ok(found)
    }

    /// Adds the module `names`, which is the file at `path`. Its children lie beside it if `is_mod`, as those of a `mod.rs`
    /// do, and in a folder of its name otherwise.
    fn add_file(
        &mut self,
        names: Names,
        path: &Path,
        is_mod: bool,
        read: &impl Fn(&Path) -> Option<String>,
    ) -> Result<(), String> {
        let text = read(path).ok_or_else(|| format!("{}: no such file", path.display()))?;
        let parsed: File = syn::parse_file(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let beside = path.parent().unwrap_or(Path::new(""));
        let children = if is_mod { beside.to_owned() } else { path.with_extension("") };
        self.add_module(names, path, &parsed.items, beside, &children, read)
    }

    fn add_module(
        &mut self,
        names: Names,
        path: &Path,
        items: &[Item],
        beside: &Path,
        children: &Path,
        read: &impl Fn(&Path) -> Option<String>,
    ) -> Result<(), String> {
        let mut module = Module { file: path.to_owned(), ..Module::default() };
        for item in items.iter().filter(|item| !is_for_tests(attributes(item))) {
            module.items.extend(name(item));
            Paths(&mut module).visit_item(item);
            let Item::Mod(child) = item else { continue };
            let within = [&names[..], &[child.ident.to_string()]].concat();
            match &child.content {
                Some((_, items)) => {
                    let folder = children.join(child.ident.to_string());
                    self.add_module(within, path, items, &folder, &folder, read)?;
                }
                None => {
                    let (file, is_mod) = find(child, beside, children, read)?;
                    self.add_file(within, &file, is_mod, read)?;
                }
            }
        }
        self.modules.entry(names).or_insert(module);
        Ok(())
    }

    /// Which file imports which others.
    pub fn imports(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let mut imports: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
        for (names, module) in &self.modules {
            let paths = module.uses.iter().map(|(_, path)| path).chain(&module.paths);
            let files = paths.filter_map(|path| self.definer(names, path, 0)).filter(|file| *file != module.file);
            imports.entry(&module.file).or_default().extend(files);
        }
        imports
    }

    /// The file that defines what `path` means in the module `within`, if it is one of this crate.
    fn definer(&self, within: &[String], path: &[String], depth: usize) -> Option<&Path> {
        let (first, rest) = path.split_first()?;
        let start: Names = match first.as_str() {
            "crate" => Vec::new(),
            "self" => within.to_vec(),
            "super" => within[..within.len().checked_sub(1)?].to_vec(),
            // The name of a child, or one that another `use` has brought in.
            _ => return self.named(within, path, depth, false),
        };
        if rest.is_empty() {
            self.modules.get(&start).map(|module| &*module.file)
        } else {
            self.named(&start, rest, depth, true)
        }
    }

    /// The file that defines `path` in the module `within`. If nothing there has that name, as when a macro makes it, that is
    /// the module's own file, unless the path could begin with the name of another crate.
    fn named(&self, within: &[String], path: &[String], depth: usize, is_here: bool) -> Option<&Path> {
        let module = self.modules.get(within)?;
        let (first, rest) = path.split_first()?;
        if matches!(first.as_str(), "self" | "super") {
            return self.definer(within, path, depth);
        }
        let child = [within, std::slice::from_ref(first)].concat();
        if self.modules.contains_key(&child) {
            return if rest.is_empty() {
                Some(&self.modules[&child].file)
            } else {
                self.named(&child, rest, depth, true)
            };
        }
        if first == "*" || module.items.contains(first) {
            return Some(&module.file);
        }
        // Names can stand for each other in a circle, through globs.
        if depth > 16 {
            return None;
        }
        let stands_for = module.uses.iter().filter(|(name, _)| name == first || name == "*");
        let found = stands_for.into_iter().find_map(|(name, target)| {
            let target = if name == "*" { &target[..target.len() - 1] } else { &target[..] };
            let whole = if name == "*" { [target, path].concat() } else { [target, rest].concat() };
            if whole == path { None } else { self.definer(within, &whole, depth + 1) }
        });
        found.or(is_here.then_some(&*module.file))
    }
}

/// The file of a module that is declared with a semicolon, and whether its children lie beside it.
fn find(
    module: &ItemMod,
    beside: &Path,
    children: &Path,
    read: &impl Fn(&Path) -> Option<String>,
) -> Result<(PathBuf, bool), String> {
    for attribute in &module.attrs {
        if let syn::Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("path")
            && let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) = &pair.value
        {
            return Ok((beside.join(path.value()), true));
        }
    }
    let name = module.ident.to_string();
    let [file, folder] = [children.join(format!("{name}.rs")), children.join(&name).join("mod.rs")];
    match (read(&file), read(&folder)) {
        (Some(_), _) => Ok((file, false)),
        (None, Some(_)) => Ok((folder, true)),
        (None, None) => Err(format!("mod {name}: neither {} nor {}", file.display(), folder.display())),
    }
}

/// Collects what a module imports; leaves out its child modules, which are modules of their own.
struct Paths<'a>(&'a mut Module);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add(&item.tree, Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names[0] == "crate" {
            self.0.paths.push(names);
        }
        visit::visit_path(self, path);
    }

    // `pub(in crate::...)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

impl Paths<'_> {
    fn add(&mut self, tree: &UseTree, mut path: Names) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.add(&part.tree, path);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add(tree, path.clone())),
            UseTree::Name(name) if name.ident == "self" => {
                self.0.uses.push((path.last().cloned().unwrap_or_default(), path));
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.0.uses.push((name.ident.to_string(), path));
            }
            UseTree::Rename(rename) => {
                if rename.ident != "self" {
                    path.push(rename.ident.to_string());
                }
                self.0.uses.push((rename.rename.to_string(), path));
            }
            UseTree::Glob(_) => {
                path.push("*".to_owned());
                self.0.uses.push(("*".to_owned(), path));
            }
        }
    }
}

/// Whether something is compiled for tests alone.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The name that an item defines.
fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(ident.to_string())
}
