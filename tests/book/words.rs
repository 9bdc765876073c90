//! Words: each term that a page introduces has an entry in the glossary, and each entry is a word that pages use.
//!
//! A page introduces a term in italics written with asterisks, `*deadline*`, once. Italics for anything else, such as
//! stress, are written with underscores, `_may_`. Both look alike to the reader.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::common::Page;

/// The terms that a page introduces, each with its line.
fn terms(page: &Page) -> Vec<(usize, String)> {
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
            Event::End(TagEnd::Emphasis) => terms.extend(term.take().map(|it| (page.line(range.start), it))),
            _ => {}
        }
    }
    terms
}

/// What the glossary explains, each entry with its line; it may have several names, or a short one in parentheses.
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
    let fault = |(line, term): (usize, String)| {
        if !singulars(&term).iter().any(|form| known.contains(form)) {
            let path = glossary.path.display();
            return Some(page.fault(line, format!("{path} has no entry for *{term}* (stress is written _so_)")));
        }
        (!seen.insert(term.to_lowercase())).then(|| page.fault(line, format!("*{term}* is introduced a second time")))
    };
    terms(page).into_iter().filter_map(fault).collect()
}

/// The glossary explains what pages say, and in the order of the alphabet.
fn entries_that_nobody_needs(glossary: &Page, pages: &[&Page]) -> Vec<String> {
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

mod on_the_pages {
    use super::*;
    use crate::assert_none;
    use crate::common::{page, pages};

    /// The pages that introduce terms: all of the book, but for the glossary itself and the table of contents.
    fn chapters() -> Vec<Page> {
        let not =
            |page: &Page| !["README", "glossary", "SUMMARY"].iter().any(|it| page.path.file_stem().unwrap() == *it);
        pages().into_iter().filter(not).collect()
    }

    #[test]
    fn every_term_is_in_the_glossary() {
        let glossary = page("book/src/glossary.md");
        assert_none(chapters().iter().flat_map(|page| terms_without_an_entry(page, &glossary)).collect());
    }

    #[test]
    fn the_glossary_holds_what_the_pages_say_in_order() {
        assert_none(entries_that_nobody_needs(&page("book/src/glossary.md"), &chapters().iter().collect::<Vec<_>>()));
    }
}

mod each_check_can_fail {
    use super::*;
    use crate::{assert_finds, example};

    fn glossary() -> Page {
        let text = "Glossary.\n\nGlobal lock (GIL)\n: A lock.\n\n`Send`, `Sync`\n: Marks.\n\nThread\n: A line.\n";
        Page { path: "book/src/glossary.md".into(), text: text.to_owned() }
    }

    #[test]
    fn terms_and_entries() {
        let check = |text: &str| terms_without_an_entry(&example(text), &glossary());
        assert_finds(check("A *thread*, *GIL*, *global\nlock*, *`Sync`*, _stress_, **loud**, `*code*`."), &[]);
        assert_finds(check("Many *Threads*."), &[]);
        assert_finds(check("\nSome *fibers*."), &["page.md:2: book/src/glossary.md has no entry for *fibers*"]);
        assert_finds(check("A *thread* is\na *thread*."), &["page.md:2: *thread* is introduced a second time"]);
    }

    #[test]
    fn idle_entries() {
        let check = |text: &str| entries_that_nobody_needs(&glossary(), &[&example(text)]);
        assert_finds(check("The GIL, `Sync`, and threads."), &[]);
        assert_finds(check("The global lock and `Sync`."), &["glossary.md:9: no page says thread"]);
        let unordered = Page { text: "B\n: Two.\n\nA\n: One.\n".to_owned(), ..glossary() };
        assert_finds(
            entries_that_nobody_needs(&unordered, &[&example("a, b")]),
            &["glossary.md:4: a comes before b in the alphabet"],
        );
    }
}
