//! Ties the pages to the code: every listing exists, is shown, and can be read; every link and picture has a target;
//! every page and every term can be found.
//!
//! Each check is a function from a page to its faults, and a fault is a line that names the page, the line, and the
//! error. Beside each check are the tests that show that it can fail. The test `run` runs the code on the pages.

mod anchors;
mod blocks;
mod chapters;
mod commands;
mod exercises;
mod figures;
mod labs;
mod links;
mod listings;
mod numbers;
mod quantities;
mod recorded;
mod scheduler;
mod timeline;
mod words;

use std::path::Path;

use reading_room::pages as common;
use reading_room::pages::Page;

/// Reads a file, given its path from the root of the repository. The tests of the checks use one of their own.
type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// Reads a file of the repository.
fn read(path: &Path) -> Option<String> {
    let path = common::root().join(path);
    if path.is_dir() {
        Some(String::new())
    } else {
        std::fs::read(path).ok().map(|it| String::from_utf8_lossy(&it).into())
    }
}

#[track_caller]
fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// For the tests of the checks: a page with this text.
fn example(text: &str) -> Page {
    Page { path: "book/src/page.md".into(), text: text.to_owned() }
}

/// For the tests of the checks: the faults are exactly these, in these words.
#[track_caller]
fn assert_finds(faults: Vec<String>, expected: &[&str]) {
    assert_eq!(faults.len(), expected.len(), "{faults:?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.contains(expected), "{fault}\ndoes not say\n{expected}");
    }
}

mod the_shared_reader {
    use super::example;

    #[test]
    fn finds_blocks_and_the_comments_before_them() {
        let page = example(
            "Text.\n\n<!-- tested with 1 -->\n\n```python\na\n\nb\n```\n\n- item\n\n  ```rust,ignore\n  c\n  ```\n\nText\n\n    d\n",
        );
        let blocks = page.blocks();
        let seen = blocks.iter().map(|it| (it.line, it.info.as_str(), it.text.as_str(), it.note.as_deref()));
        let expected = [
            (5, "python", "a\n\nb\n", Some("tested with 1")),
            (13, "rust,ignore", "c\n", None),
            (19, "indented", "d\n", None),
        ];
        assert_eq!(seen.collect::<Vec<_>>(), expected);
    }
}
