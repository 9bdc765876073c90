//! Listings: each is a part of a compiled file, is short enough to be read at a glance, and has a caption that links to
//! its source file.
//!
//! A caption follows its block, or several blocks from one file, and names the file as a link that works on the page and
//! in the built book (`book/src` has a link to `chapters`, whose files mdBook copies). It may also name functions or types
//! that the listing shows:
//!
//! ````text
//! ```rust,ignore
//! {{#include ../../chapters/src/gil/lock.rs:take}}
//! ```
//!
//! <div class="caption">
//!
//! [`chapters/src/gil/lock.rs`](chapters/src/gil/lock.rs), the method `Gil::take`
//!
//! </div>
//! ````

use std::path::{Component, Path, PathBuf};

use crate::common::{Block, Page, page, pages};
use crate::{Read, assert_finds, assert_none, example, read};

/// The most lines that a listing may have.
const MAX_LINES: usize = 24;

/// Programs that must not compile, with the compiler's messages: shown whole, so that the line numbers are right.
const REJECTED: &str = "chapters/tests/ui";

/// The possible outputs of the programs that a page asks about: shown whole, right below the question.
const ANSWERS: &str = "chapters/programs/answers";

/// Pictures, runs, and numbers that become part of a page. They aren't listings, and other tests check them.
const RECORDED: [&str; 4] = ["book/figures", "book/traces", "book/schedules", "book/numbers.txt"];

/// A part of a file that is shown on a page: its path, and the name of the anchor if it is not the whole file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Include {
    pub path: PathBuf,
    pub anchor: Option<String>,
}

impl Include {
    fn is_answer(&self) -> bool {
        self.path.starts_with(ANSWERS) && self.path.extension().is_some_and(|extension| extension == "txt")
    }

    fn is_recorded(&self) -> bool {
        RECORDED.iter().any(|path| self.path.starts_with(path))
    }
}

/// The path of a link's or an include's `target` on a page.
pub fn resolve(page: &Page, target: &str) -> PathBuf {
    let mut path = page.path.parent().map(Path::to_path_buf).unwrap_or_default();
    for component in Path::new(target).components() {
        match component {
            Component::ParentDir => _ = path.pop(),
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    path
}

/// The includes of a page, each with its line.
pub fn includes(page: &Page) -> Vec<(usize, Include)> {
    (1..).zip(page.text.lines()).filter_map(|(number, line)| Some((number, include(page, line)?))).collect()
}

fn include(page: &Page, line: &str) -> Option<Include> {
    let (_, rest) = line.split_once("{{#include ")?;
    let (target, _) = rest.split_once("}}")?;
    let (path, anchor) = target.trim().split_once(':').map_or((target.trim(), None), |(p, a)| (p, Some(a)));
    Some(Include { path: resolve(page, path), anchor: anchor.map(str::to_owned) })
}

/// The lines between an anchor and its end, or the reason that they can't be found.
pub fn listing<'a>(source: &'a str, anchor: &str) -> Result<Vec<&'a str>, String> {
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

/// What an include shows, or why it shows nothing.
fn shown(include: &Include, read: Read) -> Result<Vec<String>, String> {
    let path = include.path.display();
    let source = read(&include.path).ok_or(format!("there is no file {path}"))?;
    match &include.anchor {
        _ if include.is_recorded() => Ok(Vec::new()),
        Some(anchor) => listing(&source, anchor)
            .map(|lines| lines.into_iter().map(str::to_owned).collect())
            .map_err(|error| format!("{path}: {error}")),
        None if include.path.starts_with(REJECTED) || include.is_answer() => {
            Ok(source.lines().map(str::to_owned).collect())
        }
        None => Err(format!("{path} is included whole: name an anchor")),
    }
}

/// Every include shows something, and a listing is short enough to be read at a glance.
fn includes_that_show_nothing_or_too_much(page: &Page, read: Read) -> Vec<String> {
    let fault = |(line, include): (usize, Include)| match shown(&include, read) {
        Err(error) => Some(page.fault(line, error)),
        Ok(lines) if lines.len() > MAX_LINES => {
            let (path, count) = (include.path.display(), lines.len());
            Some(page.fault(line, format!("the listing from {path} has {count} lines, more than {MAX_LINES}")))
        }
        Ok(_) => None,
    };
    includes(page).into_iter().filter_map(fault).collect()
}

/// A block that isn't compiled from the page includes compiled code.
fn ignored_code_that_is_not_included(page: &Page) -> Vec<String> {
    let ignored = page.blocks().into_iter().filter(|block| block.info.contains("ignore"));
    let wrong = ignored.filter(|block| {
        let line = block.text.trim_end();
        !(line.starts_with("{{#include ") && line.find("}}") == Some(line.len().saturating_sub(2)))
    });
    wrong.map(|block| page.fault(block.line, "a block that is ignored holds one include and nothing else")).collect()
}

/// Every listing has a caption that links to its source file.
fn listings_without_captions(page: &Page, read: Read) -> Vec<String> {
    let fault = |block: Block| {
        let include = include(page, &block.text).filter(|include| !include.is_answer() && !include.is_recorded())?;
        let (path, line) = (include.path.display().to_string(), block.line);
        let rest = page.text[block.range.end..].trim_start();
        let mut after = rest.strip_prefix("```\n").unwrap_or(rest).trim_start();
        // The next block may be from the same file; the caption then follows that one.
        let again = format!("{}:", block.text.split(':').next().unwrap_or_default());
        while let Some(next) = after.strip_prefix("```rust,ignore\n").filter(|next| next.starts_with(&again)) {
            after = next.split_once("\n```").map_or("", |(_, after)| after).trim_start();
        }
        let Some(caption) = after.strip_prefix("<div class=\"caption\">").and_then(|rest| rest.split("</div>").next())
        else {
            return Some(page.fault(line, "a caption in <div class=\"caption\"> has to follow the listing"));
        };
        let Some((_, names)) = caption.split_once(&format!("[`{path}`]({path})")) else {
            return Some(page.fault(line, format!("the caption does not name its file as [`{path}`]({path})")));
        };
        if include.path.extension()? != "rs" || include.anchor.is_none() {
            return None;
        }
        let lines = shown(&include, read).ok()?.join("\n");
        let names: Vec<&str> = names.split('`').skip(1).step_by(2).filter(|name| !name.contains('/')).collect();
        let strange = names.iter().find(|name| {
            let last = name.rsplit("::").next().unwrap_or(name);
            !lines.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == last)
        });
        match strange {
            // A listing may be a part of a function whose first line is above it.
            Some(name)
                if !["method", "function"].iter().any(|it| caption.contains(&format!("from the {it} `{name}`"))) =>
            {
                Some(page.fault(line, format!("the caption names {name}, which the listing does not show")))
            }
            _ => None,
        }
    };
    page.blocks().into_iter().filter_map(fault).collect()
}

/// A page that shows a program that must not compile also shows the compiler's message, and the other way round.
fn rejected_programs_without_their_message(page: &Page) -> Vec<String> {
    let includes = includes(page);
    let rejected = includes.iter().filter(|(_, include)| include.path.starts_with(REJECTED));
    let fault = |(line, include): &(usize, Include)| {
        let other = include.path.with_extension(if include.path.extension()? == "rs" { "stderr" } else { "rs" });
        let shown = includes.iter().any(|(_, include)| include.path == other);
        (!shown).then(|| page.fault(*line, format!("the page does not show {}", other.display())))
    };
    rejected.filter_map(fault).collect()
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
fn every_listing_has_a_caption() {
    assert_none(pages().iter().flat_map(|page| listings_without_captions(page, &read)).collect());
}

#[test]
fn every_rejected_program_is_shown_with_its_message() {
    assert_none(pages().iter().flat_map(rejected_programs_without_their_message).collect());
}

/// The first chapter claims this, and shows only one of the two.
#[test]
fn threads_and_processes_work_alike() {
    let sources = ["threads/service.rs", "processes/service/mod.rs"].map(|file| page(format!("chapters/src/{file}")));
    let [threads, processes] = sources.each_ref().map(|it| listing(&it.text, "work").expect("it is there"));
    assert_eq!(threads, processes);
}

mod each_check_can_fail {
    use super::*;

    /// A repository of two sources.
    fn read(path: &Path) -> Option<String> {
        let long = "line\n".repeat(25);
        match path.to_str()? {
            "chapters/src/a.rs" => Some(format!(
                "// ANCHOR: one\nfn go();\n// ANCHOR_END: one\n// ANCHOR: long\n{long}// ANCHOR_END: long\n\
                 // ANCHOR: open\n// ANCHOR: none\n// ANCHOR_END: none\n"
            )),
            "chapters/tests/ui/a.rs" => Some("let x;\n".to_owned()),
            "chapters/programs/answers/a.txt" => Some("one\ntwo\n".to_owned()),
            "chapters/tests/ui/a.stderr" => Some("error\n".repeat(25)),
            _ => None,
        }
    }

    fn include(what: &str) -> Page {
        example(&format!("Text.\n\n```rust,ignore\n{{{{#include ../../chapters/src/{what}}}}}\n```\n"))
    }

    #[test]
    fn includes() {
        let check = |what| includes_that_show_nothing_or_too_much(&include(what), &read);
        assert_finds(check("a.rs:one"), &[]);
        assert_finds(check("b.rs:one"), &["book/src/page.md:4: there is no file chapters/src/b.rs"]);
        assert_finds(check("../../book/figures/a.svg"), &["there is no file book/figures/a.svg"]);
        assert_finds(check("a.rs:two"), &["page.md:4: chapters/src/a.rs: there is no anchor two"]);
        assert_finds(check("a.rs:open"), &["the anchor open has no end"]);
        assert_finds(check("a.rs:none"), &["nothing between the anchor none and its end"]);
        assert_finds(check("a.rs:long"), &["has 25 lines, more than 24"]);
        assert_finds(check("a.rs"), &["is included whole"]);
        assert_finds(check("../tests/ui/a.stderr"), &["chapters/tests/ui/a.stderr has 25 lines"]);
    }

    #[test]
    fn ignored_blocks() {
        let check = |text: &str| ignored_code_that_is_not_included(&example(text));
        assert_finds(ignored_code_that_is_not_included(&include("a.rs:one")), &[]);
        assert_finds(check("\n```rust,ignore\nfn main() {}\n```\n"), &["page.md:2: "]);
        assert_finds(check("```rust,ignore\n{{#include a.rs:b}}\nmore\n```\n"), &["page.md:1: "]);
        assert_finds(check("```rust,ignore\n{{#include a.rs:b}}{{#include a.rs:c}}\n```\n"), &["page.md:1: "]);
        assert_finds(check("```rust,ignore\n```\n"), &["page.md:1: "]);
    }

    #[test]
    fn captions() {
        let check = |what: &str, caption: &str| {
            let text = format!("{}\n<div class=\"caption\">\n\n{caption}\n\n</div>\n", include(what).text);
            listings_without_captions(&example(&text), &read)
        };
        let file = "[`chapters/src/a.rs`](chapters/src/a.rs)";
        assert_finds(listings_without_captions(&include("a.rs:one"), &read), &["page.md:3: a caption"]);
        assert_finds(check("a.rs:one", &format!("{file}, the method `A::go`")), &[]);
        assert_finds(check("a.rs:one", &format!("{file}, the method `A::stop`")), &["names A::stop, which"]);
        let two = |other: &str| {
            format!(
                "{}\n{}\n<div class=\"caption\">\n\n{file}\n\n</div>\n",
                include("a.rs:one").text,
                include(other).text.replace("Text.\n\n", "")
            )
        };
        assert_finds(
            listings_without_captions(&example(&two("b.rs:one")), &read),
            &["page.md:3: a caption", "[`chapters/src/b.rs`]"],
        );
        assert_finds(check("a.rs:one", "`chapters/src/a.rs`, the method `go`"), &["does not name its file as"]);
        assert_finds(check("b.rs:one", &format!("{file}, the method `go`")), &["[`chapters/src/b.rs`]"]);
    }

    #[test]
    fn rejected_programs() {
        let program = include("../tests/ui/a.rs").text;
        let message = include("../tests/ui/a.stderr").text;
        let check = |text: &str| rejected_programs_without_their_message(&example(text));
        assert_finds(check(&format!("{program}{message}")), &[]);
        assert_finds(check(&program), &["page.md:4: the page does not show chapters/tests/ui/a.stderr"]);
        assert_finds(check(&message), &["page.md:4: the page does not show chapters/tests/ui/a.rs"]);
    }
}
