//! The labs draw a run in JavaScript as `chapters/src/view/timeline` draws it: in the same words and the same colors.

use chapters::record::Resource;
use chapters::view::timeline::Style;

use crate::assert_none;
use crate::common::page;

/// The script and the style sheets that repeat the words and colors of the timelines.
const SCRIPT: &str = "book/theme/lab-run.js";
const STYLE_SHEETS: [&str; 2] = ["book/theme/book.css", "book/theme/lab.css"];

/// The lines of the script with the words for waiting for each resource, holding it, and signaling it.
fn lines() -> Vec<String> {
    let line = |resource: Resource| {
        let name = serde_json::to_value(resource).expect("a resource has a name");
        let name = name.as_str().expect("the name is text");
        let (wait, hold, signal) = (resource.waited_for(), resource.held(), resource.signalled());
        let all = if resource.wakes_all() { ", all: true" } else { "" };
        format!("{name}: {{ wait: '{wait}', hold: '{hold}', signal: '{signal}'{all} }},")
    };
    Resource::ALL.map(line).to_vec()
}

/// The lines of the style sheets that give each model its colors.
fn colors() -> Vec<String> {
    let models = ["threads", "processes", "coroutines"].map(Style::of);
    models.iter().flat_map(Style::colors).map(|(name, value)| format!("{name}: {value};")).collect()
}

/// The lines that a file lacks.
fn missing(lines: Vec<String>, text: &str) -> Vec<String> {
    let has = |line: &String| text.lines().any(|other| other.trim() == line);
    lines.into_iter().filter(|line| !has(line)).map(|line| format!("expected the line: {line}")).collect()
}

/// The text between the braces of the first `:root` of a style sheet, for light themes.
fn light_theme(text: &str) -> &str {
    text.split_once(":root {").and_then(|(_, rest)| rest.split_once('}')).map_or("", |(within, _)| within)
}

#[test]
fn say_what_the_timelines_say() {
    assert_none(missing(lines(), &page(SCRIPT).text));
}

#[test]
fn have_the_colors_of_the_timelines() {
    let sheets: Vec<String> = STYLE_SHEETS.iter().map(|path| light_theme(&page(path).text).to_owned()).collect();
    assert_none(missing(colors(), &sheets.join("\n")));
}

mod each_check_can_fail {
    use super::*;

    #[test]
    fn a_word_that_differs() {
        let script = lines().join("\n");
        assert!(missing(lines(), &script).is_empty());
        assert_eq!(missing(lines(), &script.replace("at the barrier", "for the barrier")).len(), 1);
    }

    #[test]
    fn a_color_of_another_theme() {
        let dark = colors().join("\n");
        let sheet = format!(":root {{\n{}\n}}\n.navy {{\n{dark}\n}}\n", dark.replace("#0072B2", "#56B4E9"));
        assert_eq!(missing(colors(), light_theme(&sheet)), ["expected the line: --threads: #0072B2;"]);
    }
}
