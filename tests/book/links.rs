//! Links: each leads to a file, and to a heading if it names one; and every page can be reached.

use std::collections::BTreeSet;
use std::path::PathBuf;

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::common::{Page, page, pages};
use crate::listings::resolve;
use crate::{Read, assert_finds, assert_none, example, read};

/// Where the links and the images of a page lead, each with its line.
pub fn targets(page: &Page) -> Vec<(usize, String)> {
    let target = |(event, range): (Event, std::ops::Range<usize>)| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some((page.line(range.start), dest_url.into_string()))
        }
        _ => None,
    };
    page.events().filter_map(target).collect()
}

/// The names by which the headings of a page can be linked to.
fn heading_ids(page: &Page) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut heading: Option<String> = None;
    for (event, _) in page.events() {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let heading = heading.take().unwrap_or_default();
                let kept = heading.trim().chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
                let id: String = kept.map(|it| if it == ' ' { '-' } else { it.to_ascii_lowercase() }).collect();
                // A number distinguishes a second heading with the same words from the first.
                let numbered = (1..).map(|number| format!("{id}-{number}"));
                ids.extend([id.clone()].into_iter().chain(numbered).find(|id| !ids.contains(id)));
            }
            _ => {}
        }
    }
    ids
}

/// Every link within the repository leads to a file, and to a heading if it names one.
fn links_that_lead_nowhere(page: &Page, read: Read) -> Vec<String> {
    let inside = targets(page).into_iter().filter(|(_, target)| !target.contains("://"));
    let fault = |(line, target): (usize, String)| {
        let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
        let path = if file.is_empty() { page.path.clone() } else { resolve(page, file) };
        let text = if file.is_empty() { Some(page.text.clone()) } else { read(&path) };
        let what = match text {
            None => format!("there is no {}", path.display()),
            Some(_) if heading.is_empty() => return None,
            Some(text) => match heading_ids(&Page { path: path.clone(), text }).contains(heading) {
                true => return None,
                false => format!("{} has no heading {heading}", path.display()),
            },
        };
        Some(page.fault(line, format!("the link to {target}: {what}")))
    };
    inside.filter_map(fault).collect()
}

/// Every page can be reached from the table of contents.
fn pages_that_are_not_listed<'a>(summary: &Page, pages: impl IntoIterator<Item = &'a Page>) -> Vec<String> {
    let listed: BTreeSet<PathBuf> = targets(summary).iter().map(|(_, target)| resolve(summary, target)).collect();
    let missing = pages.into_iter().filter(|page| page.path != summary.path && !listed.contains(&page.path));
    missing.map(|page| page.fault(1, format!("{} does not list this page", summary.path.display()))).collect()
}

#[test]
fn every_link_leads_somewhere() {
    assert_none(pages().iter().flat_map(|page| links_that_lead_nowhere(page, &read)).collect());
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let pages = pages();
    let book = pages.iter().filter(|page| page.path.starts_with("book"));
    assert_none(pages_that_are_not_listed(&page("book/src/SUMMARY.md"), book));
}

mod each_check_can_fail {
    use std::path::Path;

    use super::*;

    fn read(path: &Path) -> Option<String> {
        let other = "# Another page\n\n## What's `here`, now\n\n## Twice\n\n## Twice\n";
        (path == "book/src/other.md").then(|| other.to_owned())
    }

    #[test]
    fn dead_links() {
        let check = |text: &str| links_that_lead_nowhere(&example(text), &read);
        assert_finds(check("[a page](other.md), [its heading](other.md#whats-here-now), [the web](https://a.b)"), &[]);
        assert_finds(
            check("é\n\nThis is [a page\nsplit](none.md)"),
            &["page.md:3: the link to none.md: there is no book/src/none.md"],
        );
        assert_finds(check("[by name][a]\n\n[a]: none.md\n"), &["page.md:1: the link to none.md"]);
        assert_finds(check("![a [nested] picture](none.svg)"), &["page.md:1: the link to none.svg"]);
        assert_finds(check("[gone](other.md#gone)"), &["book/src/other.md has no heading gone"]);
        assert_finds(check("[two](other.md#twice-1) [three](other.md#twice-2)"), &["no heading twice-2"]);
        assert_finds(check("[down](#down)"), &["page.md has no heading down"]);
    }

    #[test]
    fn contents() {
        let summary = Page { path: "book/src/SUMMARY.md".into(), text: "[One](one.md)\n".to_owned() };
        let one = Page { path: "book/src/one.md".into(), text: String::new() };
        assert_finds(pages_that_are_not_listed(&summary, [&one, &summary]), &[]);
        assert_finds(pages_that_are_not_listed(&summary, [&example("")]), &["book/src/page.md:1: book/src/SUMMARY.md"]);
    }
}
