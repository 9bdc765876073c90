//! The command line of the program `chapter-choosing`.

use std::path::PathBuf;
use std::thread;

use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::options::{self, Format};
use crate::python::DEFAULT;
use crate::random::Seed;

const EXAMPLES: &str = "Examples:
  chapter-choosing --quick --python
  chapter-choosing --only=io --rounds=9
  chapter-choosing --only=empty --python=python3.13 --python=python3.13t
  chapter-choosing --quick --plot=charts
  chapter-choosing --format=json > choosing.jsonl
  chapter-choosing threads --jobs=8 --seed=1    runs the demo of that name

Exit status: 0 done, 1 a run failed, 2 the command line was wrong.";

/// The flags of the program.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "chapter-choosing",
    version,
    about = "Runs the same work under every model, and measures what it takes",
    after_help = EXAMPLES
)]
pub struct Options {
    /// Measure only this part
    #[arg(long, value_name = "NAME", value_enum)]
    pub(super) only: Option<Part>,

    /// Run fewer variants and rounds with less work: about twenty seconds in all
    #[arg(long)]
    pub(super) quick: bool,

    /// Also run the jobs with the threading, multiprocessing, and asyncio modules of this interpreter; without PATH,
    /// with python3. Can be given several times
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true, default_missing_value = DEFAULT)]
    pub(super) python: Vec<PathBuf>,

    /// Any integer: the same seed gives the same jobs
    #[arg(long, value_name = "N", default_value = "1", allow_hyphen_values = true)]
    pub(super) seed: Seed,

    /// Multiplies the work of every part
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = options::scale, allow_hyphen_values = true)]
    pub(super) scale: f64,

    /// How many times each run is repeated, alternating with the others; 5 by default, 2 with --quick
    #[arg(long, value_name = "N", value_parser = |text: &str| options::whole(text, 1, 1001), allow_hyphen_values = true)]
    pub(super) rounds: Option<u64>,

    /// Print tables for people, or lines of JSON for programs
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(super) format: Format,

    /// Draw a chart of each part as NAME.svg in this folder, and of the speedup of CPU-bound jobs as speedup.svg
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(super) plot: Option<PathBuf>,
}

impl Options {
    pub(super) fn rounds(&self) -> u64 {
        self.rounds.unwrap_or(if self.quick { 2 } else { 5 })
    }
}

/// The number of cores that this program may use, by its affinity and the quota of its cgroup.
pub(super) fn cores() -> u32 {
    thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX / 2))
}

/// A part of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// CPU-bound jobs
    Cpu,
    /// I/O-bound jobs
    Io,
    /// Alternating CPU-bound and I/O-bound jobs
    Mixed,
    /// Empty jobs: the cost of the service itself
    Empty,
    /// Many idle workers: the memory per worker
    Idle,
    /// Workers that start and stop immediately
    Start,
}

impl Part {
    /// The part's name on the command line and in the file name of its chart.
    pub fn name(self) -> &'static str {
        match self {
            Part::Cpu => "cpu",
            Part::Io => "io",
            Part::Mixed => "mixed",
            Part::Empty => "empty",
            Part::Idle => "idle",
            Part::Start => "start",
        }
    }

    /// A description of the part.
    pub fn about(self) -> &'static str {
        match self {
            Part::Cpu => "CPU-bound jobs, by number of workers",
            Part::Io => "I/O-bound jobs, by number of workers",
            Part::Mixed => "alternating CPU-bound and I/O-bound jobs, by number of workers",
            Part::Empty => "empty jobs: the overhead per job",
            Part::Idle => "idle workers: memory per worker",
            Part::Start => "workers that start and stop immediately",
        }
    }
}
