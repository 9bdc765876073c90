//! The flags that all demos share: how the service runs, and how its run is shown.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::job::Work;
use crate::random::Seed;
use crate::service::Plan;

/// The maximum number of jobs: enough to show that nothing grows with it, and too few to fill the memory.
pub(crate) const MOST_JOBS: u64 = 10_000_000;
/// The longest time, in seconds: a year.
const MAX_SECONDS: f64 = 31_536_000.0;
/// The largest scale: one job of size 1 is then a week of hashing.
const LARGEST_SCALE: f64 = 1_000_000.0;

/// The flags of all demos.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Options {
    /// Number of jobs on the shared queue
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = |text: &str| whole(text, 0, MOST_JOBS), allow_hyphen_values = true)]
    pub jobs: u64,

    /// Any integer: the same seed gives the same jobs, here and in CPython's random.Random. By default, a new seed
    /// is chosen and printed
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub seed: Option<Seed>,

    /// How long the service runs; a worker that has started a job finishes it
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = time, allow_hyphen_values = true)]
    pub time: Duration,

    /// Number of workers
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = workers, allow_hyphen_values = true)]
    pub workers: u32,

    /// What a job does: compute, wait, or send a request to an echo server that the program starts; `mixed` alternates
    /// between computing and waiting
    #[arg(long, value_enum, default_value_t)]
    pub kind: Work,

    /// Multiplies the work of every job; 0 gives empty jobs
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = scale, allow_hyphen_values = true)]
    pub scale: f64,

    /// Stop before the time is up if every job is done
    #[arg(long)]
    pub until_done: bool,

    // A doc comment here would become the program's own text.
    #[allow(missing_docs)]
    #[command(flatten)]
    pub output: Output,

    /// Show progress bars on standard error; `auto` shows them on a terminal
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, help_heading = "Output")]
    pub progress: When,
}

/// The flags for the output of a run, which all programs that record events have.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Output {
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,

    /// Print no records, only the summary
    #[arg(long, help_heading = "Output")]
    pub quiet: bool,

    /// Draw the run as a picture
    #[arg(long, value_name = "FILE.svg", help_heading = "Output")]
    pub timeline: Option<PathBuf>,

    /// Draw only what happens between two times, in seconds, as in 1.5..1.6
    #[arg(long, value_name = "FROM..TO", requires = "timeline", value_parser = window, help_heading = "Output")]
    pub timeline_window: Option<Range<Duration>>,

    /// Export the run in the Chrome trace format, for a viewer such as Perfetto
    #[arg(long, value_name = "FILE.json", help_heading = "Output")]
    pub trace: Option<PathBuf>,

    /// Leave the summary out, unless nothing else is printed. This isn't a flag: a demo that runs all of its parts sets
    /// it.
    #[arg(skip)]
    pub without_summary: bool,
}

/// How records are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people, and a table at the end
    #[default]
    Text,
    /// Lines of JSON for programs; the last one has the summary
    Json,
}

/// When to show output that is for people rather than for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// If standard error is a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Options {
    /// The plan that these options describe, without a server.
    pub fn plan(&self) -> Plan {
        Plan { workers: self.workers, time: self.time, scale: self.scale, until_done: self.until_done, echo_port: None }
    }
}

/// Parses seconds, fractions allowed.
///
/// # Errors
///
/// If `text` isn't a number from 0 to 31,536,000, the seconds of a year.
pub fn time(text: &str) -> Result<Duration, String> {
    number(text, MAX_SECONDS, "number of seconds").map(Duration::from_secs_f64)
}

/// Parses a switch interval in seconds, which CPython's `sys.setswitchinterval` requires to be *strictly positive*.
///
/// # Errors
///
/// If `text` isn't a number, or isn't greater than 0 and at most a year's seconds.
pub fn switch_interval(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a number of seconds greater than 0, at most {MAX_SECONDS}");
    let number: f64 = text.parse().map_err(|_| expected())?;
    if number > 0.0 && number <= MAX_SECONDS { Ok(Duration::from_secs_f64(number)) } else { Err(expected()) }
}

/// Parses two times in seconds, separated by two dots. The first must be less than the second.
///
/// # Errors
///
/// If `text` has another form.
pub fn window(text: &str) -> Result<Range<Duration>, String> {
    let expected = || "expected two numbers of seconds, such as 0..0.1, the first of them smaller".to_owned();
    let (from, to) = text.split_once("..").ok_or_else(expected)?;
    let (from, to) = (time(from)?, time(to)?);
    if from < to { Ok(from..to) } else { Err(expected()) }
}

/// Parses a factor, fractions allowed.
///
/// # Errors
///
/// If `text` isn't a number from 0 to 1,000,000.
pub fn scale(text: &str) -> Result<f64, String> {
    number(text, LARGEST_SCALE, "number")
}

/// Parses a number of workers. The demo checks the limit of its model.
fn workers(text: &str) -> Result<u32, String> {
    whole(text, 1, u32::MAX.into()).map(|number| number as u32)
}

/// Parses a whole number.
///
/// # Errors
///
/// If `text` isn't a whole number from `least` to `most`.
pub fn whole(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
}

fn number(text: &str, most: f64, what: &str) -> Result<f64, String> {
    let expected = || format!("expected a {what} from 0 to {most}");
    let number: f64 = text.parse().map_err(|_| expected())?;
    if (0.0..=most).contains(&number) { Ok(number.abs()) } else { Err(expected()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_interval_is_longer_than_no_time() {
        assert_eq!(switch_interval("0.005"), Ok(Duration::from_millis(5)));
        assert_eq!(switch_interval("1e-12"), Ok(Duration::ZERO), "less than a nanosecond counts as one microsecond");
        for text in ["0", "-0", "-1", "inf", "NaN", "1e-400", "31536001", "soon", ""] {
            assert!(switch_interval(text).unwrap_err().contains("greater than 0, at most 31536000"), "{text:?}");
        }
    }
}
