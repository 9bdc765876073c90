//! Anchors: each is there for a page.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::listings::Include;

/// The folders in `chapters/src` that tell the same story: their files of one name carry the same anchors.
const MODELS: [&str; 3] = ["threads", "processes", "coroutines"];

/// Files of those folders whose chapter is still to be written. Once a page shows something of one, its name is to go.
const AWAITED: [&str; 8] =
    ["barrier.rs", "condition.rs", "event.rs", "lock.rs", "queue.rs", "rlock.rs", "semaphore.rs", "simple_queue.rs"];

/// The names of a source's anchors, each with its line.
fn anchors(source: &str) -> Vec<(usize, &str)> {
    let lines = (1..).zip(source.lines());
    lines.filter_map(|(number, line)| Some((number, line.split_once("ANCHOR: ")?.1.trim()))).collect()
}

/// A file that tells the same as its siblings stands for all of them.
fn without_model(include: &Include) -> Include {
    let any = |component: Component| match component.as_os_str().to_str() {
        Some(name) if MODELS.contains(&name) => PathBuf::from("*"),
        _ => PathBuf::from(&component),
    };
    Include { path: include.path.components().map(any).collect(), anchor: include.anchor.clone() }
}

/// Whether a file is one of a model, and its chapter is still to be written.
fn is_awaited(path: &Path, awaited: &[&str]) -> bool {
    let folder = path.parent().and_then(Path::file_name).and_then(|it| it.to_str());
    let name = path.file_name().and_then(|it| it.to_str());
    folder.is_some_and(|it| MODELS.contains(&it)) && name.is_some_and(|it| awaited.contains(&it))
}

/// Every anchor is there for a page.
fn anchors_that_no_page_shows(path: &Path, source: &str, shown: &BTreeSet<Include>, awaited: &[&str]) -> Vec<String> {
    let hidden = |&(_, anchor): &(usize, &str)| {
        let include = Include { path: path.to_owned(), anchor: Some(anchor.to_owned()) };
        !is_awaited(path, awaited) && !shown.contains(&without_model(&include))
    };
    let fault = |(line, anchor)| format!("{}:{line}: no page shows the anchor {anchor}", path.display());
    anchors(source).into_iter().filter(hidden).map(fault).collect()
}

/// What has come is awaited no longer.
fn files_that_a_page_shows_already(shown: &BTreeSet<Include>, awaited: &[&str]) -> Vec<String> {
    let come = |name: &&&str| {
        shown.iter().any(|it| it.path.ends_with(name) && it.path.components().any(|part| part.as_os_str() == "*"))
    };
    awaited.iter().filter(come).map(|name| format!("a page shows {name}: it is awaited no longer")).collect()
}

mod on_the_pages {
    use super::*;
    use crate::assert_none;
    use crate::common::{files, page, pages};
    use crate::listings::includes;

    fn shown() -> BTreeSet<Include> {
        pages().iter().flat_map(includes).map(|(_, include)| without_model(&include)).collect()
    }

    #[test]
    fn every_anchor_is_shown_on_a_page() {
        let shown = shown();
        let sources = ["rs", "py"].iter().flat_map(|extension| files("chapters", extension)).map(page);
        let faults = |source| {
            let crate::Page { path, text } = source;
            anchors_that_no_page_shows(&path, &text, &shown, &AWAITED)
        };
        assert_none(sources.flat_map(faults).collect());
    }

    #[test]
    fn no_file_is_awaited_that_a_page_shows() {
        assert_none(files_that_a_page_shows_already(&shown(), &AWAITED));
    }
}

mod each_check_can_fail {
    use super::*;
    use crate::assert_finds;

    fn shown(path: &str) -> BTreeSet<Include> {
        BTreeSet::from([without_model(&Include { path: path.into(), anchor: Some("a".into()) })])
    }

    #[test]
    fn unused_anchors() {
        let check = |path: &str, shown: &BTreeSet<Include>, awaited: &[&str]| {
            anchors_that_no_page_shows(Path::new(path), "\n    // ANCHOR: a\n", shown, awaited)
        };
        let none = BTreeSet::new();
        assert_finds(check("chapters/src/job.rs", &shown("chapters/src/job.rs"), &[]), &[]);
        assert_finds(check("chapters/src/job.rs", &none, &[]), &["job.rs:2: no page shows the anchor a"]);
        assert_finds(check("chapters/src/job.rs", &shown("chapters/src/view.rs"), &[]), &["job.rs:2: "]);
        // What is shown of one model is there in all, so that their files differ only in what the models make different.
        assert_finds(check("chapters/src/threads/lock.rs", &shown("chapters/src/coroutines/lock.rs"), &[]), &[]);
        assert_finds(check("chapters/src/threads/lock.rs", &shown("chapters/src/coroutines/queue.rs"), &[]), &["lock"]);
        assert_finds(check("chapters/src/threads/lock.rs", &none, &["lock.rs"]), &[]);
        assert_finds(check("chapters/src/lock.rs", &none, &["lock.rs"]), &["lock.rs:2: "]);
    }

    #[test]
    fn files_that_have_come() {
        let check = |path| files_that_a_page_shows_already(&shown(path), &["lock.rs"]);
        assert_finds(check("chapters/src/lock.rs"), &[]);
        assert_finds(check("chapters/src/threads/lock.rs"), &["a page shows lock.rs"]);
    }
}
