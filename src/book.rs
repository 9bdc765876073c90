//! Finds the repository and builds the book with mdBook's own library.
//!
//! The build never writes below `book/src`. It also copies fewer files than mdBook's command does: only those that a page
//! links to, rather than everything below `book/src`. mdBook would follow the symbolic link `book/src/chapters` and copy all
//! of `chapters`, and it fails at a link that leads nowhere, such as the lock file that Emacs puts beside a modified file.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use mdbook_driver::MDBook;
use mdbook_driver::book::BookItem;
use mdbook_driver::config::Config;
use mdbook_html::HtmlHandlebars;
use mdbook_renderer::errors::Result as MdbookResult;
use mdbook_renderer::{RenderContext, Renderer};
use percent_encoding::percent_decode_str;

/// The root of the repository.
///
/// `cargo run` and `cargo test` say where the package is. A program that is run directly looks for the repository in the
/// folders above its own. So a clone that was moved or copied uses its own files, although cargo doesn't compile it again.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let from_cargo = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let executable = env::current_exe().unwrap_or_default();
        let above = executable.ancestors().skip(1).map(Path::to_owned);
        let is_root = |folder: &PathBuf| folder.join("chapters/Cargo.toml").is_file();
        from_cargo.into_iter().chain(above).find(is_root).unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into())
    });
    &ROOT
}

/// The folder of the book.
pub fn folder() -> PathBuf {
    root().join("book")
}

/// Builds the book into a folder.
///
/// # Errors
///
/// When a page is missing, when the table of contents or the theme is wrong, or when the folder can't be written.
pub fn build(destination: &Path) -> Result<(), String> {
    build_from(&folder(), destination)
}

fn build_from(book: &Path, destination: &Path) -> Result<(), String> {
    // `{:#}` adds the causes of the error.
    let failed = |error: mdbook_driver::errors::Error| format!("the book cannot be built: {error:#}");
    let mut config = Config::from_disk(book.join("book.toml")).map_err(failed)?;
    // mdBook would create a file for each page that SUMMARY.md names and that is missing.
    config.build.create_missing = false;
    config.build.build_dir = destination.to_owned();
    let mut book = MDBook::load_with_config(book, config).map_err(failed)?;
    book.with_renderer(Html);
    book.build().map_err(failed)
}

/// A chapter of the book.
pub struct Chapter {
    /// The name of its part, unless it's an appendix.
    pub part: Option<String>,
    /// Its name in the table of contents.
    pub title: String,
}

/// The chapters in reading order.
///
/// # Errors
///
/// When the table of contents can't be read.
pub fn chapters() -> Result<Vec<Chapter>, String> {
    let book = MDBook::load(folder()).map_err(|error| format!("the book cannot be read: {error:#}"))?;
    let mut part = None;
    let mut chapters = Vec::new();
    for item in &book.book.items {
        match item {
            BookItem::PartTitle(title) => part = Some(title.clone()),
            BookItem::Separator => part = None,
            BookItem::Chapter(chapter) => chapters.push(Chapter { part: part.clone(), title: chapter.name.clone() }),
        }
    }
    Ok(chapters)
}

/// mdBook's HTML renderer, except for the files that it copies.
struct Html;

impl Renderer for Html {
    fn name(&self) -> &str {
        "html"
    }

    fn render(&self, context: &RenderContext) -> MdbookResult<()> {
        let nothing = tempfile::tempdir()?;
        let mut without_files = context.clone();
        without_files.config.book.src = nothing.path().to_owned();
        HtmlHandlebars::new().render(&without_files)?;
        copy_linked(&context.source_dir(), &context.destination)
    }
}

/// Copies the files below `source` that the built pages link to and that mdBook has not written.
fn copy_linked(source: &Path, built: &Path) -> MdbookResult<()> {
    let mut linked = BTreeSet::new();
    for entry in fs::read_dir(built)? {
        let page = entry?.path();
        if page.extension().is_some_and(|extension| extension == "html") {
            linked.extend(links(&fs::read_to_string(page)?));
        }
    }
    for path in linked {
        let (from, to) = (source.join(&path), built.join(&path));
        if from.is_file() && !to.exists() {
            fs::create_dir_all(to.parent().unwrap_or(built))?;
            fs::copy(from, to)?;
        }
    }
    Ok(())
}

/// The relative paths in a page's links that stay inside the book.
fn links(page: &str) -> impl Iterator<Item = PathBuf> {
    let values = page.split("href=\"").skip(1).chain(page.split("src=\"").skip(1));
    values.filter_map(|rest| {
        let link = rest.split(['"', '#', '?']).next()?;
        let path = PathBuf::from(percent_decode_str(link).decode_utf8().ok()?.into_owned());
        let stays_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        (stays_inside && path.file_name().is_some()).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A book with one page.
    fn book(summary: &str, page: &str) -> TempDir {
        let book = tempfile::tempdir().expect("a folder");
        fs::create_dir(book.path().join("src")).expect("a folder");
        for (path, text) in [("book.toml", "[book]\n"), ("src/SUMMARY.md", summary), ("src/page.md", page)] {
            fs::write(book.path().join(path), text).expect("a file");
        }
        book
    }

    #[test]
    fn a_missing_page_is_an_error_and_is_not_created() {
        let book = book("[Page](page.md)\n[Missing](missing.md)\n", "Text");
        let built = tempfile::tempdir().expect("a folder");
        let error = build_from(book.path(), built.path()).expect_err("a page is missing");
        assert!(error.contains("missing.md"), "{error}");
        assert!(!book.path().join("src/missing.md").exists());
    }

    #[test]
    fn only_files_that_a_page_links_to_are_copied() {
        let book =
            book("[Page](page.md)\n", "[a file](code/a%20b.rs#L1) [out](../book.toml) [web](https://a.example/)");
        let source = book.path().join("src");
        fs::create_dir(source.join("code")).expect("a folder");
        fs::write(source.join("code/a b.rs"), "fn a() {}").expect("a file");
        fs::write(source.join("code/core.123"), "a memory dump").expect("a file");
        let built = tempfile::tempdir().expect("a folder");
        build_from(book.path(), built.path()).expect("it is built");
        assert_eq!(fs::read_to_string(built.path().join("code/a b.rs")).expect("it is copied"), "fn a() {}");
        assert!(!built.path().join("code/core.123").exists());
        assert!(!built.path().join("book.toml").exists());
    }

    #[cfg(unix)]
    #[test]
    fn editors_lock_files_do_not_stop_a_build() {
        let book = book("[Page](page.md)\n", "Text");
        for name in [".#page.md", "dangling.png", ".#lib.rs"] {
            std::os::unix::fs::symlink("user@host.1:2", book.path().join("src").join(name)).expect("a link");
        }
        std::os::unix::fs::symlink("loop", book.path().join("src/loop")).expect("a link");
        let built = tempfile::tempdir().expect("a folder");
        build_from(book.path(), built.path()).expect("it is built");
        assert!(built.path().join("page.html").exists());
    }
}
