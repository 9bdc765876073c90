//! The built book in memory. The room serves these files and no others, so no request can reach a file on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use crate::book;

/// Marks a page as served by the room, for its scripts, and says where requests go.
const MARK: &str = "<meta name=\"reading-room\" content=\"/room\">";

/// A file of the built book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The MIME type.
    pub content_type: String,
    /// The bytes of the file.
    pub content: Bytes,
}

/// The files of a built book. Two sites are equal if a reader can't tell them apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// By path. Paths begin with a slash.
    files: BTreeMap<String, File>,
    /// The hashes of the pages' inline scripts, as the source list of a content security policy.
    script_hashes: String,
}

impl Site {
    /// Builds the book and loads it.
    ///
    /// # Errors
    ///
    /// When the book can't be built.
    pub fn build() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("cannot create a temporary folder: {error}"))?;
        book::build(folder.path())?;
        Self::load(folder.path())
    }

    /// Loads a built book from a folder.
    fn load(folder: &Path) -> Result<Self, String> {
        let mut site = Self::default();
        let mut hashes = BTreeSet::new();
        site.add(folder, "", &mut hashes)?;
        site.script_hashes = hashes.into_iter().collect::<Vec<_>>().join(" ");
        Ok(site)
    }

    /// Adds the files of a folder under a path.
    fn add(&mut self, folder: &Path, path: &str, hashes: &mut BTreeSet<String>) -> Result<(), String> {
        let failed = |error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = format!("{path}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().map_err(failed)?.is_dir() {
                self.add(&entry.path(), &path, hashes)?;
                continue;
            }
            let mut content = fs::read(entry.path()).map_err(failed)?;
            let mut content_type = mime_guess::from_path(&path).first_or_octet_stream().to_string();
            if content_type.starts_with("text/") {
                content_type += "; charset=utf-8";
            }
            if path.ends_with(".html") {
                let page = String::from_utf8(content).map_err(|_| format!("{path} is not in UTF-8"))?;
                hashes.extend(inline_scripts(&page).map(script_hash));
                content = page.replacen("</head>", &format!("{MARK}</head>"), 1).into_bytes();
            }
            self.files.insert(path, File { content_type, content: content.into() });
        }
        Ok(())
    }

    /// The file at the path of a URL, which may have percent-encoded characters.
    pub fn get(&self, path: &str) -> Option<&File> {
        let path = percent_decode_str(path).decode_utf8().ok()?;
        self.files.get(if path == "/" { "/index.html" } else { &*path })
    }

    /// The hashes of the scripts that stand in the pages.
    pub fn script_hashes(&self) -> &str {
        &self.script_hashes
    }
}

/// The inline scripts of a page. The first `</script` ends a script, whatever the script contains.
fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let is_data = attributes.contains("type=") && !attributes.contains("javascript");
        let script = rest.split("</script").next()?;
        (!attributes.contains("src=") && !is_data).then_some(script)
    })
}

/// The hash of a script in the notation of a content security policy.
fn script_hash(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_hashed_and_data_is_not() {
        let page =
            "<script>alert(1)</script><script src=\"a.js\"></script><script type=\"application/json\">{}</script>";
        assert_eq!(inline_scripts(page).collect::<Vec<_>>(), ["alert(1)"]);
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        assert_eq!(script_hash("alert(1)"), "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='");
    }

    #[test]
    fn a_path_is_decoded() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("two words.html"), "<head></head>").expect("a file");
        let site = Site::load(folder.path()).expect("a site");
        assert!(site.get("/two%20words.html").is_some());
        for path in ["/two words", "/%", "/%ff", "/%00", "/..%2ftwo words.html"] {
            assert!(site.get(path).is_none(), "{path}");
        }
    }

    #[test]
    fn sites_with_the_same_content_are_equal() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("page.html");
        fs::write(&page, "one").expect("a file");
        let before = Site::load(folder.path()).expect("a site");
        fs::write(&page, "one").expect("a file");
        assert_eq!(Site::load(folder.path()), Ok(before.clone()));
        fs::write(&page, "two").expect("a file");
        assert_ne!(Site::load(folder.path()), Ok(before));
    }
}
