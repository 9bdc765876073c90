//! The pages, as the tests read them: text, Markdown, and the code blocks in it.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page of the book, or the README, by its path from the root of the repository.
pub struct Page {
    pub path: PathBuf,
    pub text: String,
}

/// A code block: the line that opens it, what stands after the fence, and what is in it.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub line: usize,
    pub info: String,
    pub text: String,
    /// What an HTML comment says that stands right before the block: how it is tested. Readers do not see it.
    pub note: Option<String>,
    /// Where it is on the page.
    pub range: Range<usize>,
}

impl Page {
    /// The number of the line in which something is.
    pub fn line(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }

    /// What the page consists of, as mdBook reads it.
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

    /// The code blocks, in order. What is indented instead of fenced is `indented`.
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

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder whose names end in `extension`, by their paths from the root, in order.
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
pub fn page(path: impl Into<PathBuf>) -> Page {
    let path = path.into();
    let text = fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Page { path, text }
}

/// The pages of the book, the table of contents included, and the README.
pub fn pages() -> Vec<Page> {
    files("book/src", "md").into_iter().chain([PathBuf::from("README.md")]).map(page).collect()
}
