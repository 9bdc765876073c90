//! Figures: each has a text alternative. `recorded.rs` checks the recorded ones, and that a page shows each.

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::common::{Page, pages};
use crate::{assert_finds, assert_none, example};

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

#[test]
fn every_figure_has_a_text_alternative() {
    assert_none(pages().iter().flat_map(figures_without_words).collect());
}

mod each_check_can_fail {
    use super::*;

    #[test]
    fn silent_figures() {
        let check = |text: &str| figures_without_words(&example(text));
        assert_finds(check("![A stair of `jobs`](figures/a.svg) and `<img>` and [](text.md)"), &[]);
        assert_finds(check("\n![ ](figures/a.svg)"), &["page.md:2: figures/a.svg has no text alternative"]);
        assert_finds(check("<img src=\"figures/a.svg\">"), &["page.md:1: write an image as"]);
        assert_finds(check("See <img src=\"figures/a.svg\">"), &["page.md:1: write an image as"]);
    }
}
