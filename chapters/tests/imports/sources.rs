//! The files of a crate, and which file imports which.
//!
//! A path in a `use` line leads to the file that *defines* the last name, through every `pub use` on the way. So a `mod.rs`
//! that only lists and re-exports its children isn't part of a circle, and one that defines something for them is as soon
//! as it imports them. Paths in the code that begin with `crate` count as well. Modules that are compiled for tests alone
//! don't.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::slice;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, UseTree, Visibility};

/// Reads a file.
pub type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// The names of a module from the crate's root on. The list is empty for the root itself.
type Names = Vec<String>;

/// One module: a file, or a `mod` with braces in one.
#[derive(Debug, Default)]
struct Module {
    file: PathBuf,
    /// The names that `use` lines bring into it, and the path that each stands for.
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
    /// Reads a crate from its root file.
    ///
    /// # Errors
    ///
    /// When a file is missing or can't be parsed.
    pub fn read(root: &Path, read: Read) -> Result<Self, String> {
        let mut found = Self::default();
        found.add_file(Vec::new(), root, true, read)?;
        Ok(found)
    }

    /// Adds the module `names`, which is the file at `path`. Its children lie beside it if `is_mod`, as those of a `mod.rs`
    /// do, and in a folder of its name otherwise.
    fn add_file(&mut self, names: Names, path: &Path, is_mod: bool, read: Read) -> Result<(), String> {
        let text = read(path).ok_or_else(|| format!("{}: no such file", path.display()))?;
        let parsed = syn::parse_file(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let beside = path.parent().unwrap_or(Path::new(""));
        let children = if is_mod { beside.to_owned() } else { path.with_extension("") };
        self.add_module(names, path, &parsed.items, [beside, &children], read)
    }

    /// Adds a module of the file at `path`. In the two folders are the files that an attribute `path` names, and the others.
    fn add_module(
        &mut self,
        names: Names,
        path: &Path,
        items: &[Item],
        folders: [&Path; 2],
        read: Read,
    ) -> Result<(), String> {
        let mut module = Module { file: path.to_owned(), ..Module::default() };
        for item in items {
            Paths(&mut module).visit_item(item);
            let Item::Mod(child) = item else { continue };
            let within = [&names[..], &[child.ident.to_string()]].concat();
            match &child.content {
                _ if is_for_tests(&child.attrs) => {}
                Some((_, items)) => {
                    let folder = folders[1].join(child.ident.to_string());
                    self.add_module(within, path, items, [&folder, &folder], read)?;
                }
                None => {
                    let (file, is_mod) = find(child, folders, read)?;
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
        let (mut module, mut rest, mut is_ours) = (within.to_vec(), path, false);
        while let Some((first, others)) = rest.split_first() {
            let child = [&module[..], slice::from_ref(first)].concat();
            match first.as_str() {
                "crate" => module.clear(),
                "self" => {}
                "super" => _ = module.pop()?,
                _ if self.modules.contains_key(&child) => module = child,
                _ => {
                    let Module { file, uses, .. } = self.modules.get(&module)?;
                    // Another `use` has brought in the name. Names can stand for each other in a circle.
                    let used = uses.iter().find(|(name, _)| name == first && depth < 16);
                    let found = used.and_then(|(_, path)| self.definer(&module, &[path, others].concat(), depth + 1));
                    // Otherwise, the module defines it, unless the path begins with the name of another crate.
                    return found.or(is_ours.then_some(file));
                }
            }
            (rest, is_ours) = (others, true);
        }
        self.modules.get(&module).map(|module| &*module.file)
    }
}

/// The file of a module that is declared with a semicolon, and whether its children lie beside it.
fn find(module: &ItemMod, [beside, children]: [&Path; 2], read: Read) -> Result<(PathBuf, bool), String> {
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

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.add(&item.tree, Vec::new());
        }
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
        let (name, original) = match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                return self.add(&part.tree, path);
            }
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.add(tree, path.clone())),
            UseTree::Name(name) if name.ident == "self" => (path.last().cloned().unwrap_or_default(), None),
            UseTree::Name(name) => (name.ident.to_string(), Some(&name.ident)),
            UseTree::Rename(rename) if rename.ident == "self" => (rename.rename.to_string(), None),
            UseTree::Rename(rename) => (rename.rename.to_string(), Some(&rename.ident)),
            UseTree::Glob(_) => ("*".to_owned(), None),
        };
        path.extend(original.map(ToString::to_string));
        self.0.uses.push((name, path));
    }
}

/// Whether something is compiled for tests alone.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}
