//! Anchors: a page shows each of them.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::common::{Page, files, page, pages};
use crate::listings::{Include, includes};
use crate::{assert_finds, assert_none};

/// The folders in `chapters/src` with parallel code: their files of one name carry the same anchors.
const MODELS: [&str; 3] = ["threads", "processes", "coroutines"];

/// The names of a source's anchors, each with its line.
fn anchors(source: &str) -> Vec<(usize, &str)> {
    let lines = (1..).zip(source.lines());
    lines.filter_map(|(number, line)| Some((number, line.split_once("ANCHOR: ")?.1.trim()))).collect()
}

/// Removes the model's folder, so that one file stands for its siblings, which have the same anchors.
fn without_model(include: &Include) -> Include {
    let any = |component: Component| match component.as_os_str().to_str() {
        Some(name) if MODELS.contains(&name) => PathBuf::from("*"),
        _ => PathBuf::from(&component),
    };
    let mut path: PathBuf = include.path.components().map(any).collect();
    // A file that has grown into a folder is still the same module.
    if path.ends_with("mod.rs") {
        path.pop();
        path.set_extension("rs");
    }
    Include { path, anchor: include.anchor.clone() }
}

/// A page shows every anchor.
fn anchors_that_no_page_shows(path: &Path, source: &str, shown: &BTreeSet<Include>) -> Vec<String> {
    let hidden = |&(_, anchor): &(usize, &str)| {
        let include = Include { path: path.to_owned(), anchor: Some(anchor.to_owned()) };
        !shown.contains(&without_model(&include))
    };
    let fault = |(line, anchor)| format!("{}:{line}: no page shows the anchor {anchor}", path.display());
    anchors(source).into_iter().filter(hidden).map(fault).collect()
}

fn shown() -> BTreeSet<Include> {
    pages().iter().flat_map(includes).map(|(_, include)| without_model(&include)).collect()
}

#[test]
fn every_anchor_is_shown_on_a_page() {
    let shown = shown();
    let sources = ["rs", "py"].iter().flat_map(|extension| files("chapters", extension)).map(page);
    let faults = |source| {
        let Page { path, text } = source;
        anchors_that_no_page_shows(&path, &text, &shown)
    };
    assert_none(sources.flat_map(faults).collect());
}

mod each_check_can_fail {
    use super::*;

    fn shown(path: &str) -> BTreeSet<Include> {
        BTreeSet::from([without_model(&Include { path: path.into(), anchor: Some("a".into()) })])
    }

    #[test]
    fn unused_anchors() {
        let check = |path: &str, shown: &BTreeSet<Include>| {
            anchors_that_no_page_shows(Path::new(path), "\n    // ANCHOR: a\n", shown)
        };
        let none = BTreeSet::new();
        assert_finds(check("chapters/src/job.rs", &shown("chapters/src/job.rs")), &[]);
        assert_finds(check("chapters/src/job.rs", &none), &["job.rs:2: no page shows the anchor a"]);
        assert_finds(check("chapters/src/job.rs", &shown("chapters/src/view.rs")), &["job.rs:2: "]);
        assert_finds(check("chapters/src/threads/lock.rs", &shown("chapters/src/coroutines/queue.rs")), &["lock"]);
    }
}
