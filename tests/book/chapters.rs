//! Chapters: each has what a reader of the others expects: enough to read, a picture of a run or a scheduler lab,
//! questions, exercises, and a recap.
//!
//! The chapters are the numbered items of the table of contents. The pages before and after them, such as the
//! introduction and the glossary, have a shape of their own.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pulldown_cmark::{Event, Tag, TagEnd};
use regex::Regex;

use crate::common::{Page, page};
use crate::exercises::commands;
use crate::listings::{includes, resolve};
use crate::{assert_finds, assert_none, example};

/// The minimum number of words in a chapter, without listings, output, tables, and folded sections.
const WORDS: usize = 1500;

/// The minimum number of questions with an answer, and of exercises, in a chapter.
const QUESTIONS: usize = 2;
const EXERCISES: usize = 2;

/// The beginnings and ends of the parts of a page that a reader skips.
const ASIDE: [(&str, &str); 3] =
    [("<details>", "</details>"), ("<figure>", "</figure>"), ("<div class=\"caption\">", "</div>")];

/// The words that name the machine on which a time was measured.
const MACHINE: &str = "two-core virtual machine on which this book's figures are recorded";

/// The chapters, in order.
pub fn chapters(summary: &Page) -> Vec<PathBuf> {
    let mut chapters = Vec::new();
    let mut depth = 0;
    for (event, _) in summary.events() {
        match event {
            Event::Start(Tag::Item) => depth += 1,
            Event::End(TagEnd::Item) => depth -= 1,
            Event::Start(Tag::Link { dest_url, .. }) if depth > 0 => chapters.push(resolve(summary, &dest_url)),
            _ => {}
        }
    }
    chapters
}

/// The text that is read on the way through a page, each piece with its place.
pub fn own_text(page: &Page) -> Vec<Range<usize>> {
    let mut asides = Vec::new();
    for (begin, end) in ASIDE {
        for (place, _) in page.text.match_indices(begin) {
            let length = page.text[place..].find(end).unwrap_or(page.text.len() - place);
            asides.push(place..place + length);
        }
    }
    let aside = |place: usize| asides.iter().any(|aside| aside.contains(&place));
    let mut text = Vec::new();
    let mut passed_over = 0;
    for (event, range) in page.events() {
        match event {
            Event::Start(Tag::CodeBlock(_) | Tag::Table(_) | Tag::Heading { .. }) => passed_over += 1,
            Event::End(TagEnd::CodeBlock | TagEnd::Table | TagEnd::Heading(_)) => passed_over -= 1,
            Event::Text(_) | Event::Code(_) if passed_over == 0 && !aside(range.start) => text.push(range),
            _ => {}
        }
    }
    text
}

/// How many words a page has of its own.
fn words(page: &Page) -> usize {
    own_text(page).into_iter().map(|range| page.text[range].split_whitespace().count()).sum()
}

/// Whether a page ends with a table or a list under the heading *Recap*.
fn has_a_recap(page: &Page) -> bool {
    let Some((_, recap)) = page.text.split_once("\n## Recap\n") else { return false };
    let recap = Page { path: page.path.clone(), text: recap.to_owned() };
    recap.events().any(|(event, _)| matches!(event, Event::Start(Tag::Table(_) | Tag::List(_))))
}

/// Every chapter has what a chapter needs.
fn chapters_without_a_part(page: &Page) -> Vec<String> {
    let shows = |folder: &str| includes(page).iter().filter(|(_, include)| include.path.starts_with(folder)).count();
    let figures = shows("book/figures") + shows("book/schedules");
    let questions = page.text.matches("<summary>Answer</summary>").count();
    let exercises = commands(page).iter().filter(|it| it.starts_with("cargo run --bin exercises -- run ")).count();
    let fewer = |what: &str, has: usize, needs: usize| {
        (has < needs).then(|| page.fault(1, format!("the chapter has {has} {what}, and needs {needs}")))
    };
    let recap = (!has_a_recap(page)).then(|| page.fault(1, "the chapter has no table or list under the heading Recap"));
    [
        fewer("words of its own", words(page), WORDS),
        fewer("figures or scheduler labs", figures, 1),
        fewer("questions with an answer", questions, QUESTIONS),
        fewer("exercises", exercises, EXERCISES),
        recap,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A page that states a time also names the machine on which it was measured.
fn times_of_no_machine(page: &Page) -> Vec<String> {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        let time = r"\b\d[\d.,]*\s(?:(?:milli|micro|nano)?seconds?|minutes?|ms|µs|ns)\b";
        Regex::new(time).expect("a regular expression")
    });
    if page.text.split_whitespace().collect::<Vec<_>>().join(" ").contains(MACHINE) {
        return Vec::new();
    }
    let mut times = own_text(page).into_iter().filter(|range| TIME.is_match(&page.text[range.clone()]));
    let fault = |range: Range<usize>| {
        let time = TIME.find(&page.text[range.clone()]).expect("it has one").as_str();
        page.fault(page.line(range.start), format!("{time}: nowhere does the page name the {MACHINE}"))
    };
    times.next().map(fault).into_iter().collect()
}

fn all() -> Vec<Page> {
    let chapters = chapters(&page("book/src/SUMMARY.md"));
    assert!(chapters.contains(&Path::new("book/src/service.md").to_owned()), "{chapters:?}");
    chapters.into_iter().map(page).collect()
}

#[test]
fn every_chapter_has_what_a_chapter_needs() {
    assert_none(all().iter().flat_map(chapters_without_a_part).collect());
}

#[test]
fn every_chapter_with_a_time_names_the_machine() {
    assert_none(all().iter().flat_map(times_of_no_machine).collect());
}

mod each_check_can_fail {
    use super::*;

    #[test]
    fn contents() {
        let text =
            "# Summary\n\n[Before](before.md)\n\n- [One](one.md)\n  - [Two](two.md)\n\n---\n\n[After](after.md)\n";
        let summary = Page { path: "book/src/SUMMARY.md".into(), text: text.to_owned() };
        assert_eq!(chapters(&summary), ["book/src/one.md", "book/src/two.md"].map(PathBuf::from));
    }

    #[test]
    fn parts() {
        let check = |parts: &[&str]| chapters_without_a_part(&example(&parts.join("\n\n")));
        let text = format!("# One\n\n{}", "word *and* `code`\n".repeat(500));
        let figure =
            "<figure>\n{{#include ../figures/a.svg}}\n<figcaption>\n\nFour threads\n\n</figcaption>\n</figure>";
        let question = "<details>\n<summary>Answer</summary>\n\nYes, it does.\n\n</details>";
        let exercise = "```console\n$ cargo run --bin exercises -- run a\n? 1\n```";
        let recap = "\n## Recap\n\n| Python | Rust |\n| --- | --- |\n| a | b |";
        let whole = [&text, figure, question, question, exercise, exercise, recap];
        assert_finds(check(&whole), &[]);
        let without = |place: usize| {
            let parts = whole.iter().enumerate().filter(|(it, _)| *it != place).map(|(_, part)| *part);
            check(&parts.collect::<Vec<_>>())
        };
        assert_finds(without(0), &["page.md:1: the chapter has 0 words of its own, and needs 1500"]);
        assert_finds(without(1), &["has 0 figures or scheduler labs, and needs 1"]);
        assert_finds(without(2), &["has 1 questions with an answer, and needs 2"]);
        assert_finds(without(4), &["has 1 exercises, and needs 2"]);
        assert_finds(without(6), &["no table or list under the heading Recap"]);
        let told = [&whole[..6], &["\n## Recap\n\nThis and that."]].concat();
        assert_finds(check(&told), &["no table or list under the heading Recap"]);
    }

    #[test]
    fn times() {
        let check = |text: &str| times_of_no_machine(&example(text));
        assert_finds(check("It takes\n1.5 seconds."), &["page.md:2: 1.5 seconds: nowhere does the page name"]);
        assert_finds(check("It takes 6 ns."), &["page.md:1: 6 ns: "]);
        assert_finds(check("Four threads, 100 % of a second, in Python 3.2."), &[]);
    }
}
