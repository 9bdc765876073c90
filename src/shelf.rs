//! The built book: mdBook's own library builds it, here and not by another program, and what it wrote is kept in memory.
//!
//! What is served is on the shelf and nothing else is, so no path leads anywhere else, and no disk is asked for a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mdbook_driver::MDBook;
use sha2::{Digest, Sha256};

/// What tells the scripts of a page that it is in the reading room, and where to ask for a run.
const MARK: &str = "<meta name=\"reading-room\" content=\"/room\">";

/// A file of the book, as a browser gets it.
#[derive(Clone, Debug)]
pub struct File {
    /// What it is: a MIME type.
    pub kind: String,
    pub content: Bytes,
}

/// The files of a built book.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// By their paths, which begin with a slash.
    files: BTreeMap<String, File>,
    /// What the pages' own scripts are allowed by, as a source list of a content security policy has it.
    scripts: String,
}

/// Where the book is.
pub fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("book")
}

/// Builds the book into a folder.
///
/// # Errors
///
/// When a page, the table of contents or the theme is wrong, or the folder cannot be written.
pub fn build(folder: &Path) -> Result<(), String> {
    // What went wrong is told with what it was a part of.
    let tell = |error: mdbook_driver::errors::Error| format!("the book cannot be built: {error:#}");
    let mut book = MDBook::load(book()).map_err(tell)?;
    book.config.build.build_dir = folder.to_owned();
    book.build().map_err(tell)
}

impl Shelf {
    /// Builds the book and puts it on a shelf.
    ///
    /// # Errors
    ///
    /// When it cannot be built.
    pub fn build() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder for the book: {error}"))?;
        build(folder.path())?;
        let mut shelf = Self::default();
        let mut scripts = BTreeSet::new();
        shelf.put(folder.path(), "", &mut scripts)?;
        shelf.scripts = scripts.into_iter().collect::<Vec<_>>().join(" ");
        Ok(shelf)
    }

    /// Puts what is in a folder on the shelf, below a path.
    fn put(&mut self, folder: &Path, path: &str, scripts: &mut BTreeSet<String>) -> Result<(), String> {
        let fault = |error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(folder).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            let path = format!("{path}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().map_err(fault)?.is_dir() {
                self.put(&entry.path(), &path, scripts)?;
                continue;
            }
            let mut content = fs::read(entry.path()).map_err(fault)?;
            let mut kind = mime_guess::from_path(&path).first_or_octet_stream().to_string();
            if kind.starts_with("text/") {
                kind += "; charset=utf-8";
            }
            if path.ends_with(".html") {
                let page = String::from_utf8(content).map_err(|_| format!("{path} is not in UTF-8"))?;
                scripts.extend(inline_scripts(&page).map(source));
                content = page.replacen("</head>", &format!("{MARK}</head>"), 1).into_bytes();
            }
            self.files.insert(path, File { kind, content: content.into() });
        }
        Ok(())
    }

    /// The file at a path.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.get(if path == "/" { "/index.html" } else { path })
    }

    /// What may run in the pages besides the files on the shelf.
    pub fn scripts(&self) -> &str {
        &self.scripts
    }
}

/// What stands in the pages as scripts to be run. What a script has in itself is no HTML, so the first `</script` ends it.
fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let is_data = attributes.contains("type=") && !attributes.contains("javascript");
        let script = rest.split("</script").next()?;
        (!attributes.contains("src=") && !is_data).then_some(script)
    })
}

/// A script as a content security policy names it.
fn source(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_of_a_page_is_named_by_what_it_is() {
        let page =
            "<script>alert(1)</script><script src=\"a.js\"></script><script type=\"application/json\">{}</script>";
        assert_eq!(inline_scripts(page).collect::<Vec<_>>(), ["alert(1)"]);
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        assert_eq!(source("alert(1)"), "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='");
    }
}
