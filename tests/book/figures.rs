//! Figures: each has a text alternative, and a page shows each of them.

use std::path::PathBuf;

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::common::Page;
use crate::links::targets;
use crate::listings::{includes, resolve};

/// Every figure has a text alternative.
fn figures_without_words(page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    let mut image: Option<(String, bool)> = None;
    for (event, range) in page.events() {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => image = Some((dest_url.into_string(), false)),
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, described)) = &mut image {
                    *described |= !text.trim().is_empty();
                }
            }
            Event::End(TagEnd::Image) => {
                if let Some((target, false)) = image.take() {
                    faults.push(page.fault(page.line(range.start), format!("{target} has no text alternative")));
                }
            }
            Event::Html(html) | Event::InlineHtml(html) if html.contains("<img") => {
                faults.push(page.fault(page.line(range.start), "write an image as ![what it shows](file)"));
            }
            _ => {}
        }
    }
    faults
}

/// A page shows every figure.
fn figures_that_no_page_shows(figures: Vec<PathBuf>, pages: &[Page]) -> Vec<String> {
    let linked = |page: &Page| targets(page).into_iter().map(|(_, it)| resolve(page, &it)).collect::<Vec<_>>();
    let included = |page: &Page| includes(page).into_iter().map(|(_, include)| include.path);
    let shown = |page: &Page| linked(page).into_iter().chain(included(page)).collect::<Vec<_>>();
    let shown: Vec<PathBuf> = pages.iter().flat_map(shown).collect();
    let unused = figures.into_iter().filter(|figure| !shown.contains(figure));
    unused.map(|figure| format!("{}: no page shows this figure", figure.display())).collect()
}

mod on_the_pages {
    use super::*;
    use crate::assert_none;
    use crate::common::{files, pages};

    #[test]
    fn every_figure_has_a_text_alternative() {
        assert_none(pages().iter().flat_map(figures_without_words).collect());
    }

    #[test]
    fn every_figure_is_shown_on_a_page() {
        assert_none(figures_that_no_page_shows(files("book/figures", "svg"), &pages()));
    }
}

mod each_check_can_fail {
    use super::*;
    use crate::{assert_finds, example};

    #[test]
    fn silent_figures() {
        let check = |text: &str| figures_without_words(&example(text));
        assert_finds(check("![A stair of `jobs`](figures/a.svg) and `<img>` and [](text.md)"), &[]);
        assert_finds(check("\n![ ](figures/a.svg)"), &["page.md:2: figures/a.svg has no text alternative"]);
        assert_finds(check("<img src=\"figures/a.svg\">"), &["page.md:1: write an image as"]);
        assert_finds(check("See <img src=\"figures/a.svg\">"), &["page.md:1: write an image as"]);
    }

    #[test]
    fn unused_figures() {
        let check = |text: &str| figures_that_no_page_shows(vec!["book/figures/a.svg".into()], &[example(text)]);
        assert_finds(check("![A stair](../figures/a.svg)"), &[]);
        assert_finds(check("`../figures/a.svg`"), &["book/figures/a.svg: no page shows this figure"]);
    }
}
