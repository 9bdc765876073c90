//! The pages are tied to the code: every listing is there, is shown, and can be read; every link and picture leads
//! somewhere; every page can be found.
//!
//! Each check is a function from a page to its faults, and a fault is a line that names the page, the line and what is
//! wrong. The tests at the end show that each check can fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The most lines that a listing may have.
const LONGEST_LISTING: usize = 24;
/// The folders in `chapters/src` that tell the same story: their files of one name carry the same anchors.
const MODELS: [&str; 3] = ["threads", "processes", "coroutines"];

/// Sources whose anchors were set for a page that is not written. The page that shows the first of them ends that.
const AHEAD_OF_THEIR_PAGE: [&str; 1] = ["chapters/src/gil.rs"];

/// A page of the book, or the README, by its path from the root of the repository.
struct Page {
    path: PathBuf,
    text: String,
}

/// A fenced code block: the line that opens it, what stands after the fence, and what is in it.
struct Block<'a> {
    line: usize,
    info: &'a str,
    body: Vec<&'a str>,
}

/// A part of a file that is shown on a page: its path, and the name of the anchor if it is not the whole file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Include {
    path: PathBuf,
    anchor: Option<String>,
}

/// A link or an image.
#[derive(Debug, PartialEq)]
struct Link<'a> {
    line: usize,
    image: bool,
    text: &'a str,
    target: &'a str,
}

/// What reads a file, by its path from the root of the repository; tests have one of their own.
type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

impl Page {
    fn fault(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{line}: {what}", self.path.display())
    }

    /// The path that a page means when it says `target`.
    fn resolve(&self, target: &str) -> PathBuf {
        let mut path = self.path.parent().map(Path::to_path_buf).unwrap_or_default();
        for component in Path::new(target).components() {
            match component {
                Component::ParentDir => _ = path.pop(),
                Component::CurDir => {}
                other => path.push(other),
            }
        }
        path
    }

    fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (number, line) in (1..).zip(self.text.lines()) {
            match (&mut open, line.trim_start().strip_prefix("```")) {
                (None, Some(info)) => open = Some(Block { line: number, info: info.trim(), body: Vec::new() }),
                (Some(_), Some("")) => blocks.extend(open.take()),
                (Some(block), _) => block.body.push(line),
                (None, None) => {}
            }
        }
        blocks.extend(open);
        blocks
    }

    /// The page with all code blotted out, at its full length, so that what is left is where it was.
    fn prose(&self) -> String {
        let mut fenced = false;
        let mut spanned = false;
        let mut prose = String::with_capacity(self.text.len());
        for line in self.text.split_inclusive('\n') {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            spanned &= !line.trim().is_empty();
            for letter in line.chars() {
                spanned ^= letter == '`' && !fenced && !fence;
                let keep = letter == '\n' || !(fenced || fence || spanned || letter == '`');
                if keep {
                    prose.push(letter);
                } else {
                    prose.extend(std::iter::repeat_n(' ', letter.len_utf8()));
                }
            }
        }
        prose
    }

    /// The includes, each with its line.
    fn includes(&self) -> Vec<(usize, Include)> {
        let directive = |(number, line): (usize, &str)| {
            let (_, rest) = line.split_once("{{#include ")?;
            let (target, _) = rest.split_once("}}")?;
            let (path, anchor) = target.trim().split_once(':').map_or((target.trim(), None), |(p, a)| (p, Some(a)));
            Some((number, Include { path: self.resolve(path), anchor: anchor.map(str::to_owned) }))
        };
        (1..).zip(self.text.lines()).filter_map(directive).collect()
    }
}

/// The links in a text whose code has been blotted out.
fn links(prose: &str) -> Vec<Link<'_>> {
    let link = |(middle, _): (usize, &str)| {
        let open = opening_bracket(&prose[..middle])?;
        let rest = &prose[middle + 2..];
        let target = rest[..rest.find(')')?].trim();
        let line = prose[..middle].matches('\n').count() + 1;
        Some(Link { line, image: prose[..open].ends_with('!'), text: &prose[open + 1..middle], target })
    };
    prose.match_indices("](").filter_map(link).collect()
}

/// Where the bracket was opened that is closed at the end of `text`.
fn opening_bracket(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.char_indices().rev().find_map(|(index, letter)| {
        match letter {
            ']' => depth += 1,
            '[' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(index)
    })
}

/// The names of a source's anchors, each with its line.
fn anchors(source: &str) -> Vec<(usize, &str)> {
    let lines = (1..).zip(source.lines());
    lines.filter_map(|(number, line)| Some((number, line.split_once("ANCHOR: ")?.1.trim()))).collect()
}

/// The lines between an anchor and its end, or why there are none.
fn listing<'a>(source: &'a str, anchor: &str) -> Result<Vec<&'a str>, String> {
    let begins = |line: &&str| line.trim().ends_with(&format!("ANCHOR: {anchor}"));
    let ends = |line: &&str| line.trim().ends_with(&format!("ANCHOR_END: {anchor}"));
    let mut lines = source.lines().skip_while(|line| !begins(line));
    lines.next().ok_or(format!("there is no anchor {anchor}"))?;
    let rest: Vec<&str> = lines.collect();
    let end = rest.iter().position(ends).ok_or(format!("the anchor {anchor} has no end"))?;
    let listing: Vec<&str> = rest[..end].iter().copied().filter(|line| !line.contains("ANCHOR")).collect();
    if listing.iter().all(|line| line.trim().is_empty()) {
        return Err(format!("there is nothing between the anchor {anchor} and its end"));
    }
    Ok(listing)
}

/// A file that tells the same as its siblings stands for all of them.
fn without_model(include: &Include) -> Include {
    let any = |component: Component| match component.as_os_str().to_str() {
        Some(name) if MODELS.contains(&name) => PathBuf::from("*"),
        _ => PathBuf::from(&component),
    };
    Include { path: include.path.components().map(any).collect(), anchor: include.anchor.clone() }
}

/// The name by which a heading can be linked to.
fn heading_id(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }).collect()
}

fn has_heading(text: &str, id: &str) -> bool {
    text.lines().filter(|line| line.starts_with('#')).any(|line| heading_id(line.trim_start_matches('#')) == id)
}

// The checks.

/// Every include shows something, and a listing is short enough to be read at a glance.
fn includes_that_show_nothing_or_too_much(page: &Page, read: Read) -> Vec<String> {
    let fault = |(line, include): (usize, Include)| {
        let path = include.path.display();
        let Some(source) = read(&include.path) else {
            return Some(page.fault(line, format!("there is no file {path}")));
        };
        let Some(anchor) = include.anchor else {
            return Some(page.fault(line, format!("{path} is included whole: name an anchor")));
        };
        match listing(&source, &anchor) {
            Err(error) => Some(page.fault(line, format!("{path}: {error}"))),
            Ok(lines) if lines.len() > LONGEST_LISTING => {
                let count = lines.len();
                Some(page.fault(line, format!("{path}:{anchor} has {count} lines, more than {LONGEST_LISTING}")))
            }
            Ok(_) => None,
        }
    };
    page.includes().into_iter().filter_map(fault).collect()
}

/// What is not compiled from the page is included from what is compiled.
fn ignored_code_that_is_not_included(page: &Page) -> Vec<String> {
    let blocks =
        page.blocks().into_iter().filter(|block| block.info.starts_with("rust") && block.info.contains("ignore"));
    let wrong = blocks.filter(|block| {
        let [line] = block.body.as_slice() else { return true };
        let line = line.trim();
        !(line.starts_with("{{#include ") && line.find("}}") == Some(line.len() - 2))
    });
    wrong.map(|block| page.fault(block.line, "a block that is ignored holds one include and nothing else")).collect()
}

/// Every anchor is there for a page.
fn anchors_that_no_page_shows(path: &Path, source: &str, shown: &BTreeSet<Include>) -> Vec<String> {
    let hidden = |&(_, anchor): &(usize, &str)| {
        let include = Include { path: path.to_owned(), anchor: Some(anchor.to_owned()) };
        !shown.contains(&without_model(&include))
    };
    let fault = |(line, anchor)| format!("{}:{line}: no page shows the anchor {anchor}", path.display());
    anchors(source).into_iter().filter(hidden).map(fault).collect()
}

/// Every link within the repository leads to a file, and to a heading if it names one.
fn links_that_lead_nowhere(page: &Page, read: Read) -> Vec<String> {
    let prose = page.prose();
    let inside = links(&prose).into_iter().filter(|link| !link.target.contains("://"));
    let fault = |link: Link| {
        let (file, heading) = link.target.split_once('#').unwrap_or((link.target, ""));
        let path = if file.is_empty() { page.path.clone() } else { page.resolve(file) };
        let text = if file.is_empty() { Some(page.text.clone()) } else { read(&path) };
        let what = match text {
            None => format!("there is no {}", path.display()),
            Some(text) if !heading.is_empty() && !has_heading(&text, heading) => {
                format!("{} has no heading {heading}", path.display())
            }
            Some(_) => return None,
        };
        Some(page.fault(link.line, format!("the link to {}: {what}", link.target)))
    };
    inside.filter_map(fault).collect()
}

/// Who cannot see a figure can read what it shows.
fn figures_without_words(page: &Page) -> Vec<String> {
    let prose = page.prose();
    let silent = links(&prose).into_iter().filter(|link| link.image && link.text.trim().is_empty());
    let mut faults: Vec<String> =
        silent.map(|link| page.fault(link.line, format!("{} has no text alternative", link.target))).collect();
    let raw = (1..).zip(prose.lines()).filter(|(_, line)| line.contains("<img"));
    faults.extend(raw.map(|(line, _)| page.fault(line, "write an image as ![what it shows](file)")));
    faults
}

/// Every page can be reached from the table of contents.
fn pages_that_are_not_listed<'a>(summary: &Page, pages: impl IntoIterator<Item = &'a Page>) -> Vec<String> {
    let prose = summary.prose();
    let listed: BTreeSet<PathBuf> = links(&prose).iter().map(|link| summary.resolve(link.target)).collect();
    let missing = pages.into_iter().filter(|page| page.path != summary.path && !listed.contains(&page.path));
    missing.map(|page| page.fault(1, format!("{} does not list this page", summary.path.display()))).collect()
}

// The repository, as the checks see it.

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads a file of the repository.
fn read(path: &Path) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// The files below a folder whose names end in `extension`, by their paths from the root, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
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

fn page(path: impl Into<PathBuf>) -> Page {
    let path = path.into();
    let text = read(&path).unwrap_or_else(|| panic!("{} cannot be read", path.display()));
    Page { path, text }
}

/// The pages of the book, the table of contents included.
fn pages() -> Vec<Page> {
    files("book/src", "md").into_iter().map(page).collect()
}

#[track_caller]
fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_include_shows_a_listing_of_readable_length() {
    assert_none(pages().iter().flat_map(|page| includes_that_show_nothing_or_too_much(page, &read)).collect());
}

#[test]
fn every_ignored_block_is_an_include() {
    assert_none(pages().iter().flat_map(ignored_code_that_is_not_included).collect());
}

#[test]
fn every_anchor_is_shown_on_a_page() {
    let includes = pages().iter().flat_map(Page::includes).collect::<Vec<_>>();
    let shown = includes.iter().map(|(_, include)| without_model(include)).collect();
    let ahead = |path: &PathBuf| AHEAD_OF_THEIR_PAGE.iter().any(|ahead| path == Path::new(ahead));
    assert!(!includes.iter().any(|(_, include)| ahead(&include.path)), "a page shows a source that is listed as ahead");
    let sources = files("chapters", "rs").into_iter().filter(|path| !ahead(path)).map(page);
    assert_none(sources.flat_map(|source| anchors_that_no_page_shows(&source.path, &source.text, &shown)).collect());
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages().into_iter().chain([page("README.md")]);
    assert_none(pages.flat_map(|page| links_that_lead_nowhere(&page, &read)).collect());
}

#[test]
fn every_figure_has_a_text_alternative() {
    let pages = pages().into_iter().chain([page("README.md")]);
    assert_none(pages.flat_map(|page| figures_without_words(&page)).collect());
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    assert_none(pages_that_are_not_listed(&page("book/src/SUMMARY.md"), &pages()));
}

/// The first chapter says so, and does not show the second one.
#[test]
fn threads_and_processes_work_alike_but_for_the_word_pub() {
    let [threads, processes] = ["threads", "processes"].map(|model| page(format!("chapters/src/{model}/service.rs")));
    let [threads, processes] = [&threads, &processes].map(|source| listing(&source.text, "work").expect("it is there"));
    let without_visibility = |line: &&str| line.replace("pub fn", "fn");
    assert!(threads.iter().map(without_visibility).eq(processes.iter().map(without_visibility)));
}

mod each_check_can_fail {
    use super::*;

    fn page(text: &str) -> Page {
        Page { path: "book/src/page.md".into(), text: text.to_owned() }
    }

    /// A repository of two files.
    fn read(path: &Path) -> Option<String> {
        match path.to_str()? {
            "chapters/src/a.rs" => {
                let long = "line\n".repeat(25);
                Some(format!(
                    "// ANCHOR: one\nlet x;\n// ANCHOR_END: one\n// ANCHOR: long\n{long}// ANCHOR_END: long\n// ANCHOR: open\n// ANCHOR: none\n// ANCHOR_END: none\n"
                ))
            }
            "book/src/other.md" => Some("# Another page\n\n## What's `here`, now\n".to_owned()),
            _ => None,
        }
    }

    fn include(what: &str) -> Page {
        page(&format!("Text.\n\n```rust,ignore\n{{{{#include ../../chapters/src/{what}}}}}\n```\n"))
    }

    #[track_caller]
    fn assert_finds(faults: Vec<String>, expected: &[&str]) {
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.contains(expected), "{fault}\ndoes not say\n{expected}");
        }
    }

    #[test]
    fn includes() {
        let check = |what| includes_that_show_nothing_or_too_much(&include(what), &read);
        assert_finds(check("a.rs:one"), &[]);
        assert_finds(check("b.rs:one"), &["book/src/page.md:4: there is no file chapters/src/b.rs"]);
        assert_finds(check("a.rs:two"), &["page.md:4: chapters/src/a.rs: there is no anchor two"]);
        assert_finds(check("a.rs:open"), &["the anchor open has no end"]);
        assert_finds(check("a.rs:none"), &["nothing between the anchor none and its end"]);
        assert_finds(check("a.rs:long"), &["has 25 lines, more than 24"]);
        assert_finds(check("a.rs"), &["is included whole"]);
    }

    #[test]
    fn ignored_blocks() {
        let check = |text: &str| ignored_code_that_is_not_included(&page(text));
        assert_finds(ignored_code_that_is_not_included(&include("a.rs:one")), &[]);
        assert_finds(check("```rust\nfn main() {}\n```\n"), &[]);
        assert_finds(check("\n```rust,ignore\nfn main() {}\n```\n"), &["page.md:2: "]);
        assert_finds(check("```rust,ignore\n{{#include a.rs:b}}\nmore\n```\n"), &["page.md:1: "]);
        assert_finds(check("```rust,ignore\n{{#include a.rs:b}}{{#include a.rs:c}}\n```\n"), &["page.md:1: "]);
        assert_finds(check("```rust,ignore\n```\n"), &["page.md:1: "]);
    }

    #[test]
    fn unused_anchors() {
        let shown =
            |path: &str| BTreeSet::from([without_model(&Include { path: path.into(), anchor: Some("a".into()) })]);
        let check = |path: &str, shown: &BTreeSet<Include>| {
            anchors_that_no_page_shows(Path::new(path), "\n    // ANCHOR: a\n", shown)
        };
        assert_finds(check("chapters/src/job.rs", &shown("chapters/src/job.rs")), &[]);
        assert_finds(check("chapters/src/job.rs", &BTreeSet::new()), &["job.rs:2: no page shows the anchor a"]);
        assert_finds(check("chapters/src/job.rs", &shown("chapters/src/view.rs")), &["job.rs:2: "]);
        // What is shown of one model is there in all, so that their files differ only in what the models make different.
        assert_finds(check("chapters/src/threads/lock.rs", &shown("chapters/src/coroutines/lock.rs")), &[]);
        assert_finds(
            check("chapters/src/threads/lock.rs", &shown("chapters/src/coroutines/queue.rs")),
            &["lock.rs:2: "],
        );
    }

    #[test]
    fn dead_links() {
        let check = |text: &str| links_that_lead_nowhere(&page(text), &read);
        assert_finds(check("[a page](other.md), [its heading](other.md#whats-here-now), [the web](https://a.b)"), &[]);
        assert_finds(check("# Up\n\n[up](#up) and `[code](none.md)`"), &[]);
        assert_finds(check("```text\n[code](none.md)\n```\n"), &[]);
        assert_finds(
            check("é\n\n[a page\nsplit](none.md)"),
            &["page.md:4: the link to none.md: there is no book/src/none.md"],
        );
        assert_finds(check("![a [nested] picture](none.svg)"), &["page.md:1: the link to none.svg"]);
        assert_finds(check("[gone](other.md#gone)"), &["book/src/other.md has no heading gone"]);
        assert_finds(check("[down](#down)"), &["page.md has no heading down"]);
    }

    #[test]
    fn figures() {
        let check = |text: &str| figures_without_words(&page(text));
        assert_finds(check("![A stair of jobs](figures/a.svg) and `<img>` and [](text.md)"), &[]);
        assert_finds(check("\n![ ](figures/a.svg)"), &["page.md:2: figures/a.svg has no text alternative"]);
        assert_finds(check("<img src=\"figures/a.svg\">"), &["page.md:1: write an image as"]);
    }

    #[test]
    fn contents() {
        let summary = Page { path: "book/src/SUMMARY.md".into(), text: "[One](one.md)\n".to_owned() };
        let one = Page { path: "book/src/one.md".into(), text: String::new() };
        assert_finds(pages_that_are_not_listed(&summary, [&one, &summary]), &[]);
        assert_finds(pages_that_are_not_listed(&summary, [&page("")]), &["book/src/page.md:1: book/src/SUMMARY.md"]);
    }
}
