//! The recorded figures: each is what its trace says, and its page shows the command that draws it again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use chapters::view::json;
use reading_room::figures::{self, Figure};

use crate::common::{Page, files, pages};
use crate::{assert_finds, assert_none, example};

/// The largest size of a trace or a picture, in bytes. They are part of the repository and of a page.
const MAX_BYTES: usize = 100_000;

/// The figures in the list.
fn figures() -> Vec<Figure> {
    figures::figures().unwrap_or_else(|error| panic!("{error}"))
}

/// The faults of a figure with some trace and picture. Of a run that is shown beside another, only the trace is kept.
fn faults_of_files(figure: &Figure, trace: &str, picture: Option<&str>) -> Vec<String> {
    let redraw = format!("run `cargo run -- record --redraw {}`", figure.name);
    let mut faults = Vec::new();
    match figure.draw(trace) {
        Err(error) => faults.push(format!("{}.jsonl: {error}", figure.name)),
        Ok(drawn) if drawn.as_deref() != picture => {
            faults.push(format!("{}.svg is not what its trace says: {redraw}", figure.name))
        }
        Ok(_) => {}
    }
    if let Ok((_, records)) = json::read_run(trace)
        && !records.is_sorted_by_key(|record| record.at)
    {
        faults.push(format!("{}.jsonl: its records are not in the order of their times", figure.name));
    }
    let picture = picture.unwrap_or_default();
    for (what, text) in [("jsonl", trace), ("svg", picture)] {
        if text.len() > MAX_BYTES {
            faults.push(format!("{}.{what} has {} bytes, more than {MAX_BYTES}", figure.name, text.len()));
        }
    }
    // A blank line would end the figure, and begin a paragraph.
    if picture.lines().any(|line| line.trim().is_empty()) {
        faults.push(format!("{}.svg has a blank line", figure.name));
    }
    faults
}

/// The line that puts a trace into a lab.
fn include_of(trace: &str) -> String {
    format!("<script type=\"application/x-ndjson\">{{{{#include ../traces/{trace}.jsonl}}}}</script>\n")
}

/// The faults of the places where a figure is shown. It must be shown once, because its ids must be unique on the page that
/// contains all pages.
fn faults_of_pages(figure: &Figure, pages: &[Page]) -> Vec<String> {
    let name = &figure.name;
    if let Some(other) = &figure.beside {
        let right = format!("{}{}<figcaption>", include_of(other), include_of(name));
        let shown: usize = pages.iter().map(|page| page.text.matches(&right).count()).sum();
        let wrong = (shown != 1).then(|| format!("{name} is shown {shown} times: once is right, as\n{right}"));
        return wrong.into_iter().collect();
    }
    let include = format!("{{{{#include ../figures/{name}.svg}}}}\n");
    let trace = include_of(name);
    let besides = figures().into_iter().filter(|it| it.beside.as_ref() == Some(name));
    let besides: Vec<String> = besides.map(|it| include_of(&it.name)).collect();
    let places = pages.iter().flat_map(|page| {
        let found = page.text.match_indices(&include);
        found.map(move |(at, found)| (page, &page.text[..at], &page.text[at + found.len()..]))
    });
    let shown: Vec<_> = places
        .filter_map(|(page, before, after)| {
            let figure = before.trim_end_matches('\n').lines().next_back()?;
            let after = match figure {
                "<figure>" => after,
                _ if figure.starts_with("<figure class=\"lab\"") => after.strip_prefix(&trace)?,
                _ => return None,
            };
            let after = besides.iter().find_map(|it| after.strip_prefix(it)).unwrap_or(after);
            Some((page, after.strip_prefix("<figcaption>\n")?))
        })
        .collect();
    let [(page, rest)] = shown[..] else {
        let right = format!("<figure>\n{include}<figcaption>, or a lab with the trace between them");
        return vec![format!("{name} is shown {} times: once is right, as\n{right}", shown.len())];
    };
    let caption = rest.split("</figcaption>").next().unwrap_or_default();
    if caption.contains(&format!("`{}`", figure.command)) {
        return Vec::new();
    }
    let page = page.path.display();
    vec![format!("{page}: the caption of {} does not show its command, `{}`", figure.name, figure.command)]
}

/// The recorded files that belong to no figure.
fn files_of_no_figure(folder: &str, extension: &str, found: &[PathBuf]) -> Vec<String> {
    let all = figures();
    let has_one = |figure: &&Figure| folder != "figures" || figure.beside.is_none();
    let path = |figure: &Figure| Path::new("book").join(folder).join(format!("{}.{extension}", figure.name));
    let known: BTreeSet<PathBuf> = all.iter().filter(has_one).map(path).collect();
    let unknown = found.iter().filter(|path| !known.contains(*path));
    unknown.map(|path| format!("{} belongs to no figure", path.display())).collect()
}

#[test]
fn every_figure_is_what_its_trace_says() {
    let read = |path: PathBuf| fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()));
    let missing = |figure: &Figure, error| format!("{error}: run `cargo run -- record {}`", figure.name);
    let faults = |figure: &Figure| match (read(figure.trace()), read(figure.picture())) {
        (Ok(trace), _) if figure.beside.is_some() => faults_of_files(figure, &trace, None),
        (Ok(trace), Ok(picture)) => faults_of_files(figure, &trace, Some(&picture)),
        (Err(error), _) | (_, Err(error)) => vec![missing(figure, error)],
    };
    assert_none(figures().iter().flat_map(faults).collect());
}

#[test]
fn every_trace_and_every_picture_belongs_to_a_figure() {
    for (folder, extension) in [("traces", "jsonl"), ("figures", "svg")] {
        assert_none(files_of_no_figure(folder, extension, &files(&format!("book/{folder}"), extension)));
    }
}

#[test]
fn every_figure_is_on_a_page_with_the_command_that_draws_it_again() {
    let pages = pages();
    assert_none(figures().iter().flat_map(|figure| faults_of_pages(figure, &pages)).collect());
}

#[test]
fn every_figure_has_a_name_of_its_own() {
    let figures = figures();
    let names: BTreeSet<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names.len(), figures.len());
}

mod each_check_can_fail {
    use super::*;

    fn recorded() -> (Figure, String, String) {
        let figure = figures().into_iter().find(|figure| figure.name == "service-threads").expect("it is there");
        let [trace, picture] =
            [figure.trace(), figure.picture()].map(|path| fs::read_to_string(path).expect("it is there"));
        (figure, trace, picture)
    }

    #[test]
    fn files() {
        let (figure, trace, picture) = recorded();
        assert_finds(faults_of_files(&figure, &trace, Some(&picture)), &[]);
        assert_finds(
            faults_of_files(&figure, &trace, Some(&picture.replacen("job", "jab", 1))),
            &["--redraw service-threads"],
        );
        assert_finds(
            faults_of_files(&figure, &trace.replacen("job_started", "lunch", 1), Some(&picture)),
            &["\"lunch\" is no event"],
        );
        assert_finds(
            faults_of_files(&figure, &trace.replacen("\"recorded\"", "\"read\"", 1), Some(&picture)),
            &["missing field"],
        );
        assert_finds(
            faults_of_files(&figure, &trace.replacen("--seed=1", "--seed=2", 1), Some(&picture)),
            &["another command"],
        );
        let later = trace.replacen("\"at\":0.0,", "\"at\":9.0,", 1);
        assert_finds(
            faults_of_files(&figure, &later, Some(&picture)),
            &["not what its trace says", "order of their times"],
        );
        let long = trace + &" ".repeat(MAX_BYTES);
        assert_finds(faults_of_files(&figure, &long, Some(&picture)), &["bytes, more than"]);
        let gap = picture + "\n";
        assert_finds(faults_of_files(&figure, &recorded().1, Some(&gap)), &["not what its trace says", "blank line"]);
    }

    #[test]
    fn pages() {
        let (figure, ..) = recorded();
        let shown = |caption: &str| {
            let text = format!(
                "Text.\n\n<figure>\n{{{{#include ../figures/service-threads.svg}}}}\n<figcaption>\n\n{caption}\n\n</figcaption>\n</figure>\n"
            );
            example(&text)
        };
        let good = shown(&format!("To draw it yourself:\n`{}`", figure.command));
        assert_finds(faults_of_pages(&figure, std::slice::from_ref(&good)), &[]);
        assert_finds(faults_of_pages(&figure, &[]), &["is shown 0 times"]);
        assert_finds(faults_of_pages(&figure, &[example(&good.text.repeat(2))]), &["is shown 2 times"]);
        let lab = |trace: &str| {
            let text = good.text.replace("<figure>", "<figure class=\"lab\" data-controls=\"jobs\">");
            example(&text.replace("<figcaption>", &(include_of(trace) + "<figcaption>")))
        };
        assert_finds(faults_of_pages(&figure, &[lab("service-processes")]), &["is shown 0 times"]);
        let python =
            figures().into_iter().find(|it| it.beside.as_deref() == Some("service-threads")).expect("it is there");
        assert_finds(faults_of_pages(&python, &[lab("service-threads")]), &["is shown 0 times"]);
        assert_finds(
            faults_of_pages(&figure, &[shown("`cargo run`")]),
            &["page.md: the caption of service-threads does not"],
        );
    }

    #[test]
    fn folders() {
        let found = ["service-threads", "service-fibers"].map(|name| format!("book/figures/{name}.svg").into());
        assert_finds(
            files_of_no_figure("figures", "svg", &found),
            &["book/figures/service-fibers.svg belongs to no figure"],
        );
    }
}
