//! The command line of the program `chapter-gil`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::options::{self, Format};
use crate::random::Seed;

const EXAMPLES: &str = "Examples:
  chapter-gil
  chapter-gil --only=convoy --timelines=pictures
  chapter-gil --only=cpu --workers=4 --rounds=11
  chapter-gil --format=json > gil.jsonl

Exit status: 0 done, 1 a run failed, 2 the command line was wrong.";

/// The flags of the program.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "chapter-gil",
    version,
    about = "Shows what a global interpreter lock does to threads, part by part",
    after_help = EXAMPLES
)]
pub struct Options {
    /// Show only this part
    #[arg(long, value_name = "NAME", value_enum)]
    pub(super) only: Option<Part>,

    /// Any integer: the same seed gives the same jobs. By default, a new seed is chosen and printed
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(super) seed: Option<Seed>,

    /// Number of workers that are compared with a single one
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = |text: &str| number(text, 2, 1000), allow_hyphen_values = true)]
    pub(super) workers: u32,

    /// Multiplies the work of every part
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = options::scale, allow_hyphen_values = true)]
    pub(super) scale: f64,

    /// How long a thread waits for the lock before it asks the holder to release it
    #[arg(long, value_name = "SECONDS", default_value = "0.005", value_parser = options::switch_interval, allow_hyphen_values = true)]
    pub(super) switch_interval: Duration,

    /// How many times each run is repeated, alternating with the runs that it is compared with
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = |text: &str| number(text, 1, 1001), allow_hyphen_values = true)]
    pub(super) rounds: u32,

    /// Print tables for people, or lines of JSON for programs
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(super) format: Format,

    /// Draw a picture of each part as NAME.svg in this folder, which is created if necessary, and keep the run's records as
    /// NAME.jsonl
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(super) timelines: Option<PathBuf>,
}

/// A part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// CPU-bound work under no lock, one lock, and a lock for each worker
    Cpu,
    /// I/O-bound work under no lock and one lock
    Io,
    /// The effect of the switch interval: a tenth of it, the interval itself, and ten times as long
    Interval,
    /// An I/O-bound worker with very short waits, alone and together with a CPU-bound one
    Convoy,
}

impl Part {
    /// The part's name on the command line, in tables, and in the file name of its picture.
    pub fn name(self) -> &'static str {
        match self {
            Part::Cpu => "cpu",
            Part::Io => "io",
            Part::Interval => "interval",
            Part::Convoy => "convoy",
        }
    }
}

/// Parses a whole number in range.
fn number(text: &str, least: u64, most: u64) -> Result<u32, String> {
    options::whole(text, least, most).map(|number| number as u32)
}
