//! What an interpreter lock does to threads, measured part by part on the reader's machine: the program `chapter-gil`.
//!
//! The [demos](crate::demo) show one run as it happens. This shows runs side by side: the same [service](crate::threads)
//! does the same jobs under different locks, in turns, so that a machine that is busy with other things slows down all of
//! them alike. What is told of several runs is the median. A table says what was measured and nothing else.

mod parts;
mod session;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use parts::{Table, Tour};

use crate::demo::{FAILED, USAGE, fail};
use crate::options::{self, Format};
use crate::random::Seed;
use crate::view::file::{self, Replace};
use crate::view::table;

const EXAMPLES: &str = "Examples:
  chapter-gil
  chapter-gil --only=convoy --timelines=pictures
  chapter-gil --only=cpu --workers=4 --rounds=11
  chapter-gil --format=json > gil.jsonl

Exit status: 0 done, 1 a run failed, 2 the command line was wrong.";

/// What the program can be asked for.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "chapter-gil",
    version,
    about = "Shows what a global interpreter lock does to threads, part by part",
    after_help = EXAMPLES
)]
pub struct Options {
    /// Show this part alone
    #[arg(long, value_name = "NAME", value_enum)]
    only: Option<Part>,

    /// Any integer: the same seed gives the same jobs. Without it, a new one is drawn and printed
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    seed: Option<Seed>,

    /// Workers to compare with one
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = |text: &str| number(text, 2, 1000), allow_hyphen_values = true)]
    workers: u32,

    /// Multiplies the work of every part
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = options::scale, allow_hyphen_values = true)]
    scale: f64,

    /// CPython's switch interval
    #[arg(long, value_name = "SECONDS", default_value = "0.005", value_parser = options::time, allow_hyphen_values = true)]
    switch_interval: Duration,

    /// How often each run is repeated, in turns with those that it is compared to
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = |text: &str| number(text, 1, 1001), allow_hyphen_values = true)]
    rounds: u32,

    /// How tables are printed on standard output
    #[arg(long, value_enum, default_value_t, help_heading = "What to look at")]
    format: Format,

    /// Draw a picture of each part as NAME.svg in this folder, which is made if need be, and keep the run's records as
    /// NAME.jsonl
    #[arg(long, value_name = "FOLDER", help_heading = "What to look at")]
    timelines: Option<PathBuf>,
}

/// What there is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// CPU-bound work under no lock, one lock, and a lock for each worker
    Cpu,
    /// I/O-bound work under no lock and one lock
    Io,
    /// What the switch interval changes: a tenth of it, as it is, and ten times as long
    Interval,
    /// An I/O-bound worker with very short waits, alone and beside a CPU-bound one
    Convoy,
}

impl Part {
    /// Its name on the command line, in the tables and of its picture.
    pub fn name(self) -> &'static str {
        match self {
            Part::Cpu => "cpu",
            Part::Io => "io",
            Part::Interval => "interval",
            Part::Convoy => "convoy",
        }
    }
}

/// The program `chapter-gil`.
pub fn main() -> ExitCode {
    let options = Options::parse();
    let parts = options.only.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part]);
    let files: Result<Vec<Option<Files>>, String> =
        parts.iter().map(|part| options.timelines.as_deref().map(|folder| open(folder, *part)).transpose()).collect();
    match files {
        Err(error) => fail(&error, USAGE),
        Ok(files) => match run(options, parts.into_iter().zip(files)) {
            Ok(()) => ExitCode::SUCCESS,
            // Who reads may stop reading.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => fail(&error, FAILED),
        },
    }
}

/// Parses a whole number in range.
fn number(text: &str, least: u64, most: u64) -> Result<u32, String> {
    options::whole(text, least, most).map(|number| number as u32)
}

/// Where a part's picture and its records go.
struct Files {
    svg: Replace,
    records: Replace,
}

/// Opens the files for a part's picture, now, so that a folder that cannot be written is found out before the runs.
fn open(folder: &Path, part: Part) -> Result<Files, String> {
    let shown = folder.display();
    fs::create_dir_all(folder).map_err(|error| format!("--timelines={shown}: cannot make this folder: {error}"))?;
    let open = |extension| file::open(&folder.join(part.name()).with_extension(extension), "--timelines");
    Ok(Files { svg: open("svg")?, records: open("jsonl")? })
}

/// Shows `parts`, and draws those that have a file.
fn run(options: Options, parts: impl Iterator<Item = (Part, Option<Files>)>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let text = options.format == Format::Text;
    let tour = Tour::new(options);
    for (part, file) in parts {
        if text {
            writeln!(
                out,
                "{}: {}.\nThis takes about {:.0} s.",
                part.name(),
                tour.about(part),
                tour.takes(part).ceil()
            )?;
            out.flush()?;
        }
        let Table { columns, rows, picture } = tour.show(part)?;
        match text {
            true => writeln!(out, "\n{}", table::text(columns, &rows))?,
            false => rows.iter().try_for_each(|row| writeln!(out, "{}", tour.json(part, columns, row)))?,
        }
        out.flush()?;
        if let Some(Files { svg, records }) = file {
            for (mut file, extension, content) in [(svg, "svg", picture.svg), (records, "jsonl", picture.records)] {
                let name = part.name();
                let cannot = |error: io::Error| {
                    io::Error::new(error.kind(), format!("cannot write {name}.{extension}: {error}"))
                };
                file.write_all(&content).and_then(|()| file.flush()).map_err(cannot)?;
            }
        }
    }
    if text {
        writeln!(out, "Each figure is the median of {}. The same jobs again: --seed={}", tour.rounds(), tour.seed())?;
    }
    Ok(())
}
