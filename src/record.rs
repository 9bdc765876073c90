//! `cargo run -- record`: runs the commands of the book's figures, keeps their traces, and draws the figures.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use serde::Deserialize;
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::book;
use crate::figures::{Figure, Recorded};

/// Records figures. With `redraw`, draws them from the existing traces only.
///
/// # Errors
///
/// When a run fails, or when a file can't be read or written.
pub fn record(figures: &[Figure], redraw: bool) -> Result<(), String> {
    for figure in figures {
        let (path, picture) = (figure.trace(), figure.picture());
        if !redraw {
            write(&path, &run(figure).map_err(|error| format!("{}: {error}", figure.name))?)?;
        }
        let trace = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if let Some(drawn) = figure.draw(&trace).map_err(|error| format!("{}: {error}", path.display()))? {
            write(&picture, &drawn)?;
        }
    }
    Ok(())
}

/// The figures with some names, or all figures if `names` is empty.
///
/// # Errors
///
/// When a name is unknown.
pub fn select(figures: Vec<Figure>, names: &[String]) -> Result<Vec<Figure>, String> {
    if let Some(name) = names.iter().find(|name| figures.iter().all(|figure| figure.name != **name)) {
        let known: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
        return Err(format!("NAME: there is no figure {name}: expected one of {}", known.join(", ")));
    }
    Ok(figures.into_iter().filter(|figure| names.is_empty() || names.contains(&figure.name)).collect())
}

/// Runs the command of a figure, with its records as the output instead of a picture, and returns the trace.
fn run(figure: &Figure) -> Result<String, String> {
    say(&figure.command);
    let folder = TempDir::new().map_err(|error| format!("cannot create a temporary folder: {error}"))?;
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(book::root()).stderr(Stdio::inherit());
    let mut printed = true;
    for word in figure.command.split_whitespace().skip(1) {
        // A program that draws one picture can print its records. One that draws several keeps the records beside them.
        if word.starts_with("--timeline=") || word.starts_with("--plot=") {
            command.arg("--format=json");
        } else if word.starts_with("--timelines=") {
            command.arg(format!("--timelines={}", folder.path().display()));
            printed = false;
        } else if !word.starts_with("--timeline-window=") {
            command.arg(word);
        }
    }
    let output = command.output().map_err(|error| format!("cannot run cargo: {error}"))?;
    let trace = if printed { Ok(String::from_utf8_lossy(&output.stdout).into_owned()) } else { kept(folder.path()) };
    // A run in which a worker dies fails, but that may be what the figure shows.
    let has_a_death = |trace: &String| trace.contains("\"event\":\"worker_died\"");
    if !output.status.success() && !trace.as_ref().is_ok_and(has_a_death) {
        return Err(format!("the run failed: {}", output.status));
    }
    let trace = trace?;
    let recorded = Recorded {
        command: figure.command.clone(),
        date: OffsetDateTime::now_utc().date().to_string(),
        machine: machine(),
        cores: thread::available_parallelism().map_or(1, usize::from),
    };
    let recorded = serde_json::to_string(&recorded).map_err(|error| error.to_string())?;
    let (first, rest) = trace.split_once("}\n").ok_or("the program printed no records")?;
    Ok(format!("{first},\"recorded\":{recorded}}}\n{}", in_order(rest)?))
}

/// The records in the order of their times. The records of a worker on another machine may arrive late.
fn in_order(records: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Line {
        at: Option<f64>,
    }
    let time = |line: &str| serde_json::from_str(line).map(|Line { at }| at.unwrap_or(f64::INFINITY));
    let lines = records.lines().map(|line| Ok((time(line)?, line)));
    let mut lines =
        lines.collect::<Result<Vec<(f64, &str)>, serde_json::Error>>().map_err(|error| error.to_string())?;
    lines.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    Ok(lines.iter().map(|(_, line)| format!("{line}\n")).collect())
}

/// The only trace in a folder.
fn kept(folder: &Path) -> Result<String, String> {
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut paths =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "jsonl"));
    match (paths.next(), paths.next()) {
        (Some(path), None) => fs::read_to_string(path).map_err(|error| error.to_string()),
        _ => Err("expected the program to keep one trace".to_owned()),
    }
}

/// The model of the processor.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| format!("{} machine", env::consts::ARCH), |(_, model)| model.trim().to_owned())
}

fn write(path: &Path, content: &str) -> Result<(), String> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, content));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    say(&format!("  {} ({} KB)", path.display(), content.len().div_ceil(1000)));
    Ok(())
}

/// Reports progress, which may get lost.
fn say(what: &str) {
    let _ = writeln!(io::stdout(), "{what}");
}
