//! The pages of the book as the tests read them: their text, their Markdown and their code blocks.
//!
//! These functions read files of the repository and panic if a file can't be read.

use std::fmt::Display;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

pub use crate::book::root;

/// A page of the book, or the README.
pub struct Page {
    /// The path from the root of the repository.
    pub path: PathBuf,
    /// The Markdown.
    pub text: String,
}

/// A code block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The number of the line that opens it.
    pub line: usize,
    /// The text after the fence, or `indented`.
    pub info: String,
    /// The code.
    pub text: String,
    /// The HTML comment right before the block, which says how the block is tested.
    pub note: Option<String>,
    /// The bytes of the page that it covers.
    pub range: Range<usize>,
}

impl Page {
    /// A fault of this page, as a line of text.
    pub fn fault(&self, line: usize, fault: impl Display) -> String {
        format!("{}:{line}: {fault}", self.path.display())
    }

    /// The number of the line at an offset in bytes.
    pub fn line(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }

    /// The Markdown events of the page, with the extensions that mdBook enables.
    pub fn events(&self) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_HEADING_ATTRIBUTES
            | Options::ENABLE_DEFINITION_LIST
            | Options::ENABLE_GFM;
        Parser::new_ext(&self.text, options).into_offset_iter()
    }

    /// The code blocks, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut inside = false;
        for (event, range) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => info.into_string(),
                        CodeBlockKind::Indented => "indented".to_owned(),
                    };
                    let note = self.comment_before(range.start);
                    blocks.push(Block { line: self.line(range.start), info, text: String::new(), note, range });
                    inside = true;
                }
                Event::Text(text) if inside => blocks.last_mut().expect("it has begun").text += &text,
                Event::End(TagEnd::CodeBlock) => inside = false,
                _ => {}
            }
        }
        blocks
    }

    fn comment_before(&self, offset: usize) -> Option<String> {
        let (_, comment) = self.text[..offset].trim_end().strip_suffix("-->")?.rsplit_once("<!--")?;
        // The contract of the block above isn't a note for this one.
        Some(comment.trim().to_owned()).filter(|comment| !comment.starts_with("contract\n"))
    }
}

/// The sorted paths, from the root of the repository, of the files below a folder with an extension.
///
/// # Panics
///
/// When the folder can't be read.
pub fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let entry = entry.expect("a folder can be read to its end");
            let path = folder.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                walk(&path, extension, found);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new(folder), extension, &mut found);
    found.sort();
    found
}

/// Reads a page, or another file of the repository.
///
/// # Panics
///
/// When the file can't be read.
pub fn page(path: impl Into<PathBuf>) -> Page {
    let path = path.into();
    let text = fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Page { path, text }
}

/// The pages of the book with the table of contents, and the README.
///
/// # Panics
///
/// When a page can't be read.
pub fn pages() -> Vec<Page> {
    files("book/src", "md").into_iter().chain([PathBuf::from("README.md")]).map(page).collect()
}
