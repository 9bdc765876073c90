//! Words: each term that a page introduces has an entry in the glossary, each entry is a word that pages use, and no
//! chapter uses a term before it is introduced.
//!
//! A page introduces a term in italics written with asterisks, `*deadline*`, once. Italics for anything else, such as
//! stress, are written with underscores, `_may_`. Both look alike to the reader.

use std::collections::BTreeSet;
use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};
use regex::Regex;

use crate::chapters::own_text;
use crate::common::{Page, page, pages};
use crate::{assert_finds, assert_none, example};

/// Terms that are also everyday words, and may be used in that sense before the term is introduced.
const EVERYDAY: &[(&str, &str)] = &[
    ("at least once", "anything can happen so often"),
    ("at most once", "anything can happen so often"),
    ("break", "a loop can do so, too"),
    ("condition", "a loop has one, too"),
    ("event", "what is recorded is one, and so is what one waits for, before it is the name of a primitive"),
    ("generator", "of random numbers, it is another one"),
    ("hold", "said of a lock, it says what it says of anything"),
    ("job", "the first chapter begins with a question about them, and then explains what they are"),
    ("notify", "a thread that is woken is notified, before the page on conditions"),
    ("ownership", "who can read Rust knows it, as the introduction asks"),
    ("poll", "a thread polls a variable before a coroutine is polled"),
    ("queue", "as with jobs"),
    ("race", "a data race is another one than a race condition"),
    ("ring", "a timer can do so, too"),
    ("stream", "a pipe is one, of bytes"),
    ("round", "what is the other way round is none"),
    ("signal", "to do so is what one does to a condition variable"),
    ("socket", "a list of what to use in practice names it, for those who know it"),
    ("stack", "a queue whose last item comes first is one, too"),
    ("thread", "as with jobs"),
    ("worker", "as with jobs"),
];

/// The terms that a page introduces, each with its place.
fn terms(page: &Page) -> Vec<(Range<usize>, String)> {
    let mut terms = Vec::new();
    let mut term: Option<String> = None;
    for (event, range) in page.events() {
        match event {
            Event::Start(Tag::Emphasis) if page.text[range.clone()].starts_with('*') => term = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(term) = &mut term {
                    term.push_str(&text);
                }
            }
            Event::SoftBreak => {
                if let Some(term) = &mut term {
                    term.push(' ');
                }
            }
            Event::End(TagEnd::Emphasis) => terms.extend(term.take().map(|it| (range, it))),
            _ => {}
        }
    }
    terms
}

/// The entries of the glossary, each with its line; an entry may have several names, or a short one in parentheses.
fn entries(glossary: &Page) -> Vec<(usize, Vec<String>)> {
    let mut entries: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (event, range) in glossary.events() {
        match event {
            Event::Start(Tag::DefinitionListTitle) => {
                entries.push((glossary.line(range.start), String::new()));
                inside = true;
            }
            Event::Text(text) | Event::Code(text) if inside => entries.last_mut().expect("it has begun").1 += &text,
            Event::End(TagEnd::DefinitionListTitle) => inside = false,
            _ => {}
        }
    }
    let names = |entry: String| entry.split([',', '(', ')']).map(|it| it.trim().to_lowercase()).collect::<Vec<_>>();
    entries.into_iter().map(|(line, entry)| (line, names(entry))).collect()
}

/// The forms that may stand in the glossary for a term on a page: itself, or its singular.
fn singulars(term: &str) -> [String; 3] {
    let term = term.to_lowercase();
    [term.strip_suffix("es").unwrap_or(&term), term.strip_suffix('s').unwrap_or(&term), &term].map(str::to_owned)
}

/// Every term has an entry, and is introduced once on a page.
fn terms_without_an_entry(page: &Page, glossary: &Page) -> Vec<String> {
    let known: BTreeSet<String> = entries(glossary).into_iter().flat_map(|(_, names)| names).collect();
    let mut seen = BTreeSet::new();
    let fault = |(range, term): (Range<usize>, String)| {
        let line = page.line(range.start);
        if !singulars(&term).iter().any(|form| known.contains(form)) {
            let path = glossary.path.display();
            return Some(page.fault(line, format!("{path} has no entry for *{term}* (stress is written _so_)")));
        }
        (!seen.insert(term.to_lowercase())).then(|| page.fault(line, format!("*{term}* is introduced a second time")))
    };
    terms(page).into_iter().filter_map(fault).collect()
}

/// A chapter uses a term only after it, or an earlier chapter, has introduced the term, except in headings.
fn terms_that_come_too_early(chapters: &[Page], glossary: &Page, everyday: &[(&str, &str)]) -> Vec<String> {
    let (proses, all_terms): (Vec<String>, Vec<_>) = chapters.iter().map(|page| (prose(page), terms(page))).unzip();
    let introduced = |names: &[String]| {
        let places = all_terms.iter().enumerate().flat_map(|(number, terms)| {
            let named = move |(range, term): &(Range<usize>, String)| {
                singulars(term).iter().any(|it| names.contains(it)).then_some((number, range.start))
            };
            terms.iter().filter_map(named)
        });
        places.min()
    };
    let mut faults = Vec::new();
    for (_, names) in entries(glossary) {
        let Some((chapter, place)) = introduced(&names) else { continue };
        let names: Vec<&str> = names.iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
        if names.iter().any(|name| everyday.iter().any(|(word, _)| word == name)) {
            continue;
        }
        let any: Vec<String> = names.iter().map(|name| regex::escape(name).replace(' ', r"\s+")).collect();
        let word = Regex::new(&format!(r"(?i)\b(?:{})(?:e?s)?\b", any.join("|"))).expect("a regular expression");
        let where_it_is = format!("{}:{}", chapters[chapter].path.display(), chapters[chapter].line(place));
        let early = chapters[..=chapter].iter().enumerate().find_map(|(number, page)| {
            let end = if number == chapter { place } else { page.text.len() };
            let found = word.find(&proses[number][..end])?.start();
            Some(page.fault(page.line(found), format!("{} is introduced later: {where_it_is}", names[0])))
        });
        faults.extend(early);
    }
    faults
}

/// The text of a page, each word in its place, and blanks in the place of all that is not read on the way.
fn prose(page: &Page) -> String {
    let mut prose = " ".repeat(page.text.len()).into_bytes();
    for range in own_text(page) {
        let text = &page.text[range.clone()];
        // Inline code names items of the program.
        if !text.starts_with('`') {
            prose[range].copy_from_slice(text.as_bytes());
        }
    }
    // A term may contain another term.
    for (range, _) in terms(page) {
        prose[range].fill(b' ');
    }
    String::from_utf8(prose).expect("pieces of text, and blanks")
}

/// The entries of the glossary are terms on the pages, in alphabetical order.
fn entries_without_a_use(glossary: &Page, pages: &[&Page]) -> Vec<String> {
    let text = pages.iter().map(|page| page.text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase());
    let text: String = text.collect();
    let mut last = String::new();
    let mut faults = Vec::new();
    for (line, names) in entries(glossary) {
        if !names.iter().any(|name| !name.is_empty() && text.contains(name)) {
            faults.push(glossary.fault(line, format!("no page says {}", names[0])));
        }
        if names[0] < last {
            faults.push(glossary.fault(line, format!("{} comes before {last} in the alphabet", names[0])));
        }
        last.clone_from(&names[0]);
    }
    faults
}

/// The pages that introduce terms: all of the book, but for the glossary itself and the table of contents.
fn chapters() -> Vec<Page> {
    let not = |page: &Page| !["README", "glossary", "SUMMARY"].iter().any(|it| page.path.file_stem().unwrap() == *it);
    pages().into_iter().filter(not).collect()
}

#[test]
fn every_term_is_in_the_glossary() {
    let glossary = page("book/src/glossary.md");
    assert_none(chapters().iter().flat_map(|page| terms_without_an_entry(page, &glossary)).collect());
}

#[test]
fn no_term_is_used_before_it_is_introduced() {
    let chapters: Vec<Page> = crate::chapters::chapters(&page("book/src/SUMMARY.md")).into_iter().map(page).collect();
    assert_none(terms_that_come_too_early(&chapters, &page("book/src/glossary.md"), EVERYDAY));
}

#[test]
fn the_glossary_holds_what_the_pages_say_in_order() {
    assert_none(entries_without_a_use(&page("book/src/glossary.md"), &chapters().iter().collect::<Vec<_>>()));
}

mod each_check_can_fail {
    use super::*;

    fn glossary() -> Page {
        let text = "Glossary.\n\nGlobal lock (GIL)\n: A lock.\n\n`Send`, `Sync`\n: Marks.\n\nThread\n: A line.\n";
        Page { path: "book/src/glossary.md".into(), text: text.to_owned() }
    }

    #[test]
    fn terms_and_entries() {
        let check = |text: &str| terms_without_an_entry(&example(text), &glossary());
        assert_finds(check("A *thread*, *GIL*, *global\nlock*, *`Sync`*, _stress_, **loud**, `*code*`."), &[]);
        assert_finds(check("\nSome *fibers*."), &["page.md:2: book/src/glossary.md has no entry for *fibers*"]);
        assert_finds(check("A *thread* is\na *thread*."), &["page.md:2: *thread* is introduced a second time"]);
    }

    #[test]
    fn early_terms() {
        let check = |one: &str, two: &str| {
            let two = Page { path: "book/src/two.md".into(), text: two.to_owned() };
            terms_that_come_too_early(&[example(one), two], &glossary(), &[])
        };
        assert_finds(check("# Threads\n\nA *thread* is. Many threads. Unthreaded.", "The thread."), &[]);
        assert_finds(
            check("Lines.\n\nTwo Threads.", "A *thread*."),
            &["page.md:3: thread is introduced later: book/src/two.md:1"],
        );
        assert_finds(check("A thread, a\n*thread*.", "The thread."), &["page.md:1: thread is introduced later"]);
        assert_finds(check("A global\nlock.", "The *global lock*, or *GIL*."), &["page.md:1: global lock is"]);
    }

    #[test]
    fn everyday_words() {
        let glossary = Page { path: "book/src/glossary.md".into(), text: "Job\n: Work.\n\nTask\n: Work.\n".to_owned() };
        let chapters = [example("A job and a task."), example("A *job* is a *task*.")];
        assert_finds(terms_that_come_too_early(&chapters, &glossary, &[("job", "")]), &["task is introduced later"]);
    }

    #[test]
    fn idle_entries() {
        let check = |text: &str| entries_without_a_use(&glossary(), &[&example(text)]);
        assert_finds(check("The GIL, `Sync`, and threads."), &[]);
        assert_finds(check("The global lock and `Sync`."), &["glossary.md:9: no page says thread"]);
        let unordered = Page { text: "B\n: Two.\n\nA\n: One.\n".to_owned(), ..glossary() };
        assert_finds(
            entries_without_a_use(&unordered, &[&example("a, b")]),
            &["glossary.md:4: a comes before b in the alphabet"],
        );
    }
}
