//! Labs: figures that run. Each has options that its demo has, and a command that will work. `recorded.rs` checks that it
//! also has the trace of its figure.
//!
//! ```text
//! <figure class="lab" data-controls="gil workers jobs">
//! {{#include ../figures/gil-one.svg}}
//! <script type="application/x-ndjson">{{#include ../traces/gil-one.jsonl}}</script>
//! <script type="application/x-ndjson">{{#include ../traces/gil-one-python.jsonl}}</script>
//! <figcaption>
//!
//! Four threads, eight jobs, one lock. To draw it yourself:
//! `cargo run --bin chapter-threads -- --gil=one --jobs=8 --seed=1 --time=3`
//!
//! </figcaption>
//! </figure>
//! ```
//!
//! The second trace is optional: a run of the same service in CPython, which the lab can show beside the first.
//! `book/theme/lab.js` explains the attributes; it reads them on the page as this test does.

use std::collections::BTreeMap;

use chapters::demo::{coroutines, threads};
use chapters::demos;
use chapters::demos::primitives::Primitive;
use chapters::demos::queues::QueueDemo;
use chapters::measure::models;
use clap::{Command, CommandFactory};
use reading_room::room::labs;
use regex::Regex;

use crate::common::{Page, page, pages};
use crate::{assert_finds, assert_none, example};

/// The attributes that a lab may have.
const ATTRIBUTES: [&str; 4] = ["controls", "start", "series", "recorded"];

/// The command line of a demo that can be run from a page.
fn demo(name: &str) -> Option<Command> {
    match name {
        "threads" => Some(threads::command()),
        #[cfg(target_os = "linux")]
        "processes" => Some(chapters::demo::processes::command()),
        "coroutines" => Some(coroutines::command()),
        "primitives" => Some(demos::CommandLine::<Primitive>::command()),
        "queues" => Some(demos::CommandLine::<QueueDemo>::command()),
        "choosing" => Some(models::Options::command()),
        #[cfg(target_os = "linux")]
        "machines" => Some(labs::machines()),
        _ => None,
    }
}

/// A figure of a page.
struct Figure<'a> {
    line: usize,
    /// The line that opens it.
    opens: &'a str,
    /// The lines from there to the caption.
    head: &'a str,
    caption: &'a str,
}

impl Figure<'_> {
    fn is_lab(&self) -> bool {
        self.opens != "<figure>"
    }

    /// The demo and the options of the last command in the caption.
    fn command(&self) -> Option<(String, Vec<String>)> {
        let commands = self.caption.split('`').skip(1).step_by(2).filter_map(|code| {
            let (before, after) = code.split_once(" -- ").unwrap_or((code, ""));
            let (_, name) = before.strip_prefix("cargo run ")?.split_once("--bin chapter-")?;
            Some((name.to_owned(), after.split_whitespace().map(str::to_owned).collect()))
        });
        commands.last()
    }
}

fn figures(page: &Page) -> Vec<Figure<'_>> {
    let mut figures = Vec::new();
    for (at, _) in page.text.match_indices("<figure") {
        let text = page.text[at..].split("</figure>").next().unwrap_or_default();
        let (head, caption) = text.split_once("<figcaption>").unwrap_or((text, ""));
        let opens = text.lines().next().unwrap_or_default();
        figures.push(Figure { line: page.line(at), opens, head, caption });
    }
    figures
}

/// The attributes of a lab, without the prefix `data-`, or the reason that they are invalid.
fn attributes(opens: &str) -> Result<BTreeMap<&str, &str>, String> {
    let inner = opens.strip_prefix("<figure class=\"lab\"").and_then(|rest| rest.strip_suffix('>'));
    let inner = inner.ok_or("a lab begins with a line <figure class=\"lab\" ...>")?;
    let pair = Regex::new(r#"^ data-([a-z]+)="([^"]+)""#).expect("a regular expression");
    let (mut rest, mut found) = (inner, BTreeMap::new());
    while let Some(captures) = pair.captures(rest) {
        let (whole, [name, value]) = captures.extract();
        if !ATTRIBUTES.contains(&name) {
            return Err(format!("a lab has no data-{name}, but data-{}", ATTRIBUTES.join(", data-")));
        }
        found.insert(name, value);
        rest = &rest[whole.len()..];
    }
    if rest.is_empty() { Ok(found) } else { Err(format!("a lab cannot say {rest:?}")) }
}

/// The options of a command that others replace; an empty one is left out.
fn replaced(options: &[String], others: &[String]) -> Vec<String> {
    let name = |option: &str| option.split('=').next().unwrap_or_default().to_owned();
    let kept = options.iter().filter(|option| !others.iter().any(|other| name(other) == name(option)));
    kept.chain(others).filter(|option| !option.ends_with('=')).cloned().collect()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The reason that a demo would reject these options.
fn refusal(name: &str, options: &[String]) -> Option<String> {
    let Some(command) = demo(name) else { return Some(format!("no demo that a lab can run is called {name}")) };
    let words = ["--"].into_iter().chain(options.iter().map(String::as_str));
    let error = command.try_get_matches_from(words).err()?;
    Some(error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// The faults of the labs of a page.
fn faults_of_labs(page: &Page) -> Vec<String> {
    let figures = figures(page);
    figures
        .iter()
        .flat_map(|figure| faults(page, figure, &figures))
        .map(|(line, what)| page.fault(line, what))
        .collect()
}

fn faults(page: &Page, figure: &Figure, all: &[Figure]) -> Vec<(usize, String)> {
    let fault = |what: String| vec![(figure.line, what)];
    let command = figure.command().filter(|(name, _)| demo(name).is_some());
    if !figure.is_lab() {
        let runs = command.map(|(name, _)| format!("the demo {name} runs on the page: <figure class=\"lab\" ...>"));
        return runs.map_or_else(Vec::new, fault);
    }
    let attributes = match attributes(figure.opens) {
        Ok(attributes) => attributes,
        Err(error) => return fault(error),
    };
    let Some((name, given)) = command else {
        return fault(
            "the caption of a lab has the command of a demo: `cargo run --bin chapter-NAME -- ...`".to_owned(),
        );
    };
    let attribute = |name: &str| attributes.get(name).copied().unwrap_or_default();
    let mut faults = Vec::new();

    let controls = words(attribute("controls"));
    if controls.is_empty() {
        faults.extend(fault("a lab has data-controls, the options to change".to_owned()));
    }
    for control in &controls {
        let command = demo(&name).expect("it is one");
        if !command.get_arguments().any(|option| option.get_long() == Some(control)) {
            faults.extend(fault(format!("the demo {name} has no option --{control}")));
        }
    }

    let start = replaced(&given, &words(attribute("start")));
    faults.extend(refusal(&name, &start).into_iter().flat_map(fault));
    for item in attribute("series").split(';').map(words).filter(|item| !item.is_empty()) {
        let (others, options): (Vec<String>, Vec<String>) = item.into_iter().partition(|word| !word.starts_with("--"));
        let other = others.first().unwrap_or(&name);
        faults.extend(refusal(other, &replaced(&start, &options)).into_iter().flat_map(fault));
    }
    for recorded in words(attribute("recorded")) {
        let include = format!("../figures/{recorded}.svg}}}}");
        if !all.iter().any(|it| it.is_lab() && it.head.contains(&include)) {
            faults.extend(fault(format!("{} has no lab {recorded}", page.path.display())));
        }
    }
    faults
}

#[test]
fn every_lab_has_options_and_a_command_that_will_work() {
    assert_none(pages().iter().flat_map(faults_of_labs).collect());
}

#[test]
fn every_chapter_has_a_lab() {
    let chapters = crate::chapters::chapters(&page("book/src/SUMMARY.md")).into_iter().map(page);
    let is_played = |page: &Page| page.text.contains("<div class=\"scheduler\"");
    let without = chapters.filter(|page| !figures(page).iter().any(Figure::is_lab) && !is_played(page));
    assert_none(without.map(|page| page.fault(1, "there is no lab in this chapter")).collect());
}

mod each_check_can_fail {
    use super::*;

    /// A lab, with these replacements in its text.
    fn lab(changes: &[(&str, &str)]) -> Page {
        let mut text = "<figure class=\"lab\" data-controls=\"jobs gil\" data-start=\"--until-done --time=\">\n\
             {{#include ../figures/a.svg}}\n\
             <script type=\"application/x-ndjson\">{{#include ../traces/a.jsonl}}</script>\n\
             <figcaption>\n\nA `lab`. To draw it yourself:\n\
             `cargo run --bin chapter-threads -- --jobs=8 --time=3 --timeline=a.svg`\n\n</figcaption>\n</figure>\n"
            .to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        example(&text)
    }

    #[track_caller]
    fn finds(changes: &[(&str, &str)], expected: &[&str]) {
        assert_finds(faults_of_labs(&lab(changes)), expected);
    }

    #[test]
    fn markup() {
        finds(&[], &[]);
        finds(&[("class=\"lab\" ", "class=\"lab wide\" ")], &["page.md:1: a lab begins with a line"]);
        finds(&[("data-start", "data-begin")], &["a lab has no data-begin, but data-controls"]);
        finds(&[("data-start", "onclick")], &["a lab cannot say \" onclick="]);
        finds(&[("--bin chapter-threads", "--example pools")], &["the caption of a lab has the command of a demo"]);
        finds(
            &[("<figure class=\"lab\" data-controls=\"jobs gil\" data-start=\"--until-done --time=\">", "<figure>")],
            &["the demo threads runs on the page"],
        );
    }

    #[test]
    fn options() {
        finds(&[(" data-controls=\"jobs gil\"", "")], &["a lab has data-controls"]);
        finds(&[("jobs gil", "jobs method")], &["the demo threads has no option --method"]);
        finds(&[("--jobs=8", "--jobs=many")], &["--jobs"]);
        finds(&[("--until-done", "--until-dawn")], &["--until-dawn"]);
        finds(&[("chapter-threads", "chapter-processes")], &["the demo processes has no option --gil"]);
        finds(&[("A `lab`.", "`cargo run --bin chapter-queues`")], &[]);
    }

    #[test]
    fn series() {
        let with = |attribute: &str| [("data-start", format!("{attribute} data-start"))];
        let check = |attribute: &str, expected: &[&str]| {
            let changes = with(attribute);
            finds(&[(changes[0].0, &changes[0].1)], expected);
        };
        check("data-series=\"--gil=one; --gil=none\"", &[]);
        check("data-series=\"--gil=two; fibers\"", &["'two'", "no demo that a lab can run is called fibers"]);
        check("data-recorded=\"a b\"", &["page.md has no lab b"]);
    }
}
