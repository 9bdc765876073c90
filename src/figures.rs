//! The figures of the book. `book/figures.toml` lists them: the command, the title and the description of each.
//!
//! The figure `NAME` is `book/figures/NAME.svg`, drawn from `book/traces/NAME.jsonl`. The trace holds the JSON lines
//! that the command's program printed, and its first line also says when and where it was recorded ([`Recorded`]). A
//! drawing depends only on the trace and the entry in the list, so a test can tell when either has changed.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use chapters::measure::models;
use chapters::options;
use chapters::view::json;
use chapters::view::timeline::{self, Words};
use serde::{Deserialize, Serialize};

use crate::book;

/// A picture of one run, or a chart of many.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The name of its files. With `figure-` in front it is the id of the figure on its page.
    pub name: String,
    /// The command that the caption shows, and that draws the figure again.
    pub command: String,
    /// The part of the run that the figure shows, as for `--timeline-window`, if the command has no such flag.
    #[serde(default)]
    pub window: Option<String>,
    /// The name of the figure whose lab shows this run beside its own. Only its trace is kept.
    #[serde(default)]
    pub beside: Option<String>,
    /// The title.
    #[serde(default)]
    pub title: String,
    /// A description for readers who can't see the figure. The numbers are added from the trace.
    #[serde(default)]
    pub shows: String,
}

/// The figures of the book, in the order of the pages.
///
/// # Errors
///
/// When `book/figures.toml` can't be read, or when an entry is wrong.
pub fn figures() -> Result<Vec<Figure>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct List {
        figure: Vec<Figure>,
    }
    let path = book::folder().join("figures.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let list: List = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(list.figure)
}

/// When and where a trace was recorded, from its first line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The command.
    pub command: String,
    /// The day, such as 2026-11-30.
    pub date: String,
    /// The model of the processor.
    pub machine: String,
    /// The number of cores.
    pub cores: usize,
}

impl Figure {
    /// The file of its trace.
    pub fn trace(&self) -> PathBuf {
        book::folder().join("traces").join(&self.name).with_extension("jsonl")
    }

    /// The file of its picture.
    pub fn picture(&self) -> PathBuf {
        book::folder().join("figures").join(&self.name).with_extension("svg")
    }

    /// Draws the figure from its trace. For a run that is shown only in the lab of another figure, checks the trace.
    ///
    /// # Errors
    ///
    /// When the trace is wrong, or belongs to another command.
    pub fn draw(&self, trace: &str) -> Result<Option<String>, String> {
        let Recorded { command, date, machine, cores } = recorded(trace)?;
        if command != self.command {
            return Err(format!("this is the trace of another command: {command}"));
        }
        let words = Words {
            id: format!("figure-{}", self.name),
            title: self.title.clone(),
            shows: self.shows.clone(),
            source: format!("Recorded on {date}. Machine: {machine}, {cores} cores."),
        };
        if self.is_chart() {
            return Ok(Some(models::chart(&words, &models::read(trace)?)));
        }
        let (run, records) = json::read_run(trace)?;
        Ok(match self.beside {
            None => Some(timeline::draw_figure(words, run, &records, &self.window()?)),
            Some(_) => None,
        })
    }

    /// Whether the figure is a chart of many runs.
    fn is_chart(&self) -> bool {
        self.command.contains(" --plot=")
    }

    /// The part of the run that the figure shows.
    fn window(&self) -> Result<Range<Duration>, String> {
        let mut flags = self.command.split_whitespace().filter_map(|word| word.strip_prefix("--timeline-window="));
        flags.next().or(self.window.as_deref()).map_or(Ok(Duration::ZERO..Duration::MAX), options::window)
    }
}

/// When and where a trace was recorded.
///
/// # Errors
///
/// When the first line doesn't say.
pub fn recorded(trace: &str) -> Result<Recorded, String> {
    #[derive(Deserialize)]
    struct First {
        recorded: Recorded,
    }
    let first: Result<First, _> = serde_json::from_str(trace.lines().next().unwrap_or_default());
    first.map(|first| first.recorded).map_err(|error| format!("line 1: {error}"))
}
