//! Draws figures as a bar chart, with each bar in the color of its model.
//!
//! Like a [timeline](super::timeline), a chart is a self-contained SVG file. It works with light and dark themes, on
//! paper and with a screen reader, and uses the colors of the page that contains it.

use std::fmt::{self, Write};

use super::timeline::{Style, Words, Xml};

const WIDTH: u64 = 800;
const PADDING: u64 = 8;
const FONT: u64 = 13;
/// The width of a wide letter, for calculating the space that a text needs.
const LETTER: u64 = 8;
/// The height of a line, and the height of a bar.
const LINE: u64 = 24;
const BAR: u64 = 16;

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// The group of the bar. Bars of the same group are adjacent, below a common heading.
    pub group: String,
    /// The name of the bar.
    pub label: String,
    /// The model whose color it has.
    pub model: String,
    /// How long the bar is.
    pub value: f64,
    /// The figure as text.
    pub text: String,
}

/// Draws bars. The largest one fills the available width.
///
/// ```
/// use chapters::view::chart::{Bar, draw};
/// use chapters::view::timeline::Words;
///
/// let bar = |label: &str, value: f64| Bar {
///     group: "4 workers".to_owned(),
///     label: label.to_owned(),
///     model: label.to_owned(),
///     value,
///     text: format!("{value} s"),
/// };
/// let words = Words { title: "How long it takes".to_owned(), ..Words::default() };
/// let picture = draw(&words, &[bar("threads", 0.5), bar("coroutines", 1.0)]);
/// assert!(picture.contains("How long it takes") && picture.contains("4 workers: threads 0.5 s, coroutines 1 s."));
/// ```
pub fn draw(words: &Words, bars: &[Bar]) -> String {
    let mut text = String::new();
    // Writing to a string doesn't fail.
    let _ = write(&mut text, words, bars);
    text
}

fn write(out: &mut String, words: &Words, bars: &[Bar]) -> fmt::Result {
    let id = if words.id.is_empty() { "chart" } else { &words.id };
    let groups = groups(bars);
    let height = LINE * (bars.len() + groups.len() + 1) as u64 + 2 * PADDING;
    let widest = |text: fn(&Bar) -> &str| bars.iter().map(|bar| text(bar).chars().count()).max().unwrap_or(0) as u64;
    let left = LETTER * widest(|bar| &bar.label) + 8;
    let room = WIDTH.saturating_sub(left + LETTER * widest(|bar| &bar.text) + 8) as f64;
    let largest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);

    let width = WIDTH + 2 * PADDING;
    write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" id="{id}" viewBox="-{PADDING} -{PADDING} {width} {height}" "#
    )?;
    writeln!(out, r#"role="img" aria-labelledby="{id}-title {id}-desc">"#)?;
    writeln!(out, r#"<title id="{id}-title">{}</title>"#, Xml(&words.title))?;
    writeln!(out, r#"<desc id="{id}-desc">{}</desc>"#, Xml(description(words, &groups)))?;
    style(out, id, bars)?;
    let mut y = 0;
    for (group, bars) in &groups {
        writeln!(out, r#"<text class="group" x="0" y="{}">{}</text>"#, y + BAR, Xml(group))?;
        y += LINE;
        for bar in *bars {
            let (middle, long) = (y + BAR / 2 + 5, (bar.value / largest * room).max(1.0));
            writeln!(out, r#"<text class="name" x="{}" y="{middle}">{}</text>"#, left - 6, Xml(&bar.label))?;
            writeln!(
                out,
                r#"<rect class="{}" x="{left}" y="{y}" width="{long:.1}" height="{BAR}"/>"#,
                Xml(&bar.model)
            )?;
            writeln!(out, r#"<text x="{:.1}" y="{middle}">{}</text>"#, left as f64 + long + 6.0, Xml(&bar.text))?;
            y += LINE;
        }
    }
    writeln!(out, r#"<text class="caption" x="0" y="{}">{}</text>"#, y + BAR, Xml(&words.source))?;
    writeln!(out, "</svg>")
}

/// The bars of each group, in order.
fn groups(bars: &[Bar]) -> Vec<(&str, &[Bar])> {
    bars.chunk_by(|one, next| one.group == next.group).map(|bars| (bars[0].group.as_str(), bars)).collect()
}

/// The text alternative of the chart.
fn description(words: &Words, groups: &[(&str, &[Bar])]) -> String {
    let figures = |bars: &[Bar]| {
        let figures: Vec<String> = bars.iter().map(|bar| format!("{} {}", bar.label, bar.text)).collect();
        figures.join(", ")
    };
    let told = groups.iter().map(|(group, bars)| format!("{group}: {}.", figures(bars)));
    let shows = [&words.shows, &words.source].map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let [shows, source] = shows;
    let all: Vec<String> = [shows].into_iter().chain(told).chain([source]).filter(|text| !text.is_empty()).collect();
    all.join(" ")
}

fn style(out: &mut String, id: &str, bars: &[Bar]) -> fmt::Result {
    writeln!(
        out,
        "<style>
#{id}{{font:{FONT}px system-ui,sans-serif}}
#{id}:root{{color:#1f2328;background:#fff}}
@media (prefers-color-scheme:dark){{#{id}:root{{color:#dfe2e7;background:#1b1e23}}}}
@media print{{#{id}:root{{color:#000;background:none}}#{id}{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}}}
#{id} text{{fill:currentColor}}
#{id} .name{{text-anchor:end}}
#{id} .group{{font-weight:bold}}
#{id} rect{{stroke:currentColor}}"
    )?;
    let mut models: Vec<&str> = bars.iter().map(|bar| bar.model.as_str()).collect();
    models.sort_unstable();
    models.dedup();
    for model in models {
        let (fill, dashes, corner) = Style::of(model).of_bars();
        writeln!(out, "#{id} .{}{{fill:{fill};stroke-dasharray:{dashes};rx:{corner}px}}", Xml(model))?;
    }
    writeln!(out, "</style>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(group: &str, label: &str, value: f64) -> Bar {
        let (group, label, text) = (group.to_owned(), label.to_owned(), format!("{value}x"));
        Bar { group, model: label.clone(), label, value, text }
    }

    #[test]
    fn it_is_xml_that_says_in_words_what_it_shows() {
        let words =
            Words { id: "a".to_owned(), title: "A < B".to_owned(), shows: "B is more.".to_owned(), ..Words::default() };
        let picture =
            draw(&words, &[bar("first", "threads", 1.0), bar("second", "processes", 2.0), bar("second", "x", 0.0)]);
        let document = roxmltree::Document::parse(&picture).expect("XML");
        let text = |name: &str| document.descendants().find(|it| it.has_tag_name(name)).and_then(|it| it.text());
        assert_eq!(text("title"), Some("A < B"));
        assert_eq!(text("desc"), Some("B is more. first: threads 1x. second: processes 2x, x 0x."));
    }

    #[test]
    fn bars_are_as_long_as_their_figures_and_all_fit() {
        let picture = draw(&Words::default(), &[bar("", "threads", 1.0), bar("", "processes", 4.0)]);
        let document = roxmltree::Document::parse(&picture).expect("XML");
        let number = |node: roxmltree::Node, name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let bars: Vec<_> = document.descendants().filter(|it| it.has_tag_name("rect")).collect();
        let widths: Vec<f64> = bars.iter().map(|bar| number(*bar, "width")).collect();
        assert!((widths[1] / widths[0] - 4.0).abs() < 0.01, "{widths:?}");
        assert!(bars.iter().all(|bar| number(*bar, "x") + number(*bar, "width") < WIDTH as f64));
    }

    #[test]
    fn nothing_to_draw_is_no_fault() {
        assert!(roxmltree::Document::parse(&draw(&Words::default(), &[])).is_ok());
    }
}
