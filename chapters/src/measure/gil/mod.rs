//! The effect of an interpreter lock on threads, measured on the reader's machine: the program `chapter-gil`.
//!
//! The [demos](crate::demo) show a run as it happens. This program compares runs in which the same
//! [service](crate::threads) does the same jobs under different locks. The runs alternate, so that other load on the
//! machine slows all of them down alike. Each figure is the median of several runs. The tables contain only measured
//! values.

mod options;
mod parts;
mod session;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
pub use options::{Options, Part};
use parts::{Comparison, Table};

use crate::demo::{FAILED, USAGE, answer_with, fail};
use crate::environment;
use crate::options::Format;
use crate::view::file::{self, Replace};
use crate::view::table;

/// The program `chapter-gil`.
pub fn main() -> ExitCode {
    environment::prepare();
    let options = match Options::try_parse() {
        Err(answer) => return answer_with(&answer),
        Ok(options) => options,
    };
    let parts = options.only.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part]);
    let files: Result<Vec<Option<Files>>, String> =
        parts.iter().map(|part| options.timelines.as_deref().map(|folder| open(folder, *part)).transpose()).collect();
    match files {
        Err(error) => fail(&error, USAGE),
        Ok(files) => match run(options, parts.into_iter().zip(files)) {
            Ok(()) => ExitCode::SUCCESS,
            // The reader may close the pipe at any time.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => fail(&error, FAILED),
        },
    }
}

/// The files for a part's picture and its records.
struct Files {
    svg: Replace,
    records: Replace,
}

/// Opens the files for a part's picture and records before the runs, so that an unwritable folder is reported early.
fn open(folder: &Path, part: Part) -> Result<Files, String> {
    let shown = folder.display();
    fs::create_dir_all(folder).map_err(|error| format!("--timelines={shown}: cannot make this folder: {error}"))?;
    let open = |extension| file::open(&folder.join(part.name()).with_extension(extension), "--timelines");
    Ok(Files { svg: open("svg")?, records: open("jsonl")? })
}

/// Runs `parts` and prints their tables. Draws the parts that have files.
fn run(options: Options, parts: impl Iterator<Item = (Part, Option<Files>)>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let text = options.format == Format::Text;
    let comparison = Comparison::new(options);
    for (part, file) in parts {
        if text {
            writeln!(
                out,
                "{}: {}.\nThis takes about {:.0} s.",
                part.name(),
                comparison.about(part),
                comparison.takes(part).ceil()
            )?;
            out.flush()?;
        }
        let Table { columns, rows, picture } = comparison.show(part)?;
        match text {
            true => writeln!(out, "\n{}", table::text(columns, &rows))?,
            false => rows.iter().try_for_each(|row| writeln!(out, "{}", comparison.json(part, columns, row)))?,
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
        writeln!(
            out,
            "Each figure is the median of {}. The same jobs again: --seed={}",
            comparison.rounds(),
            comparison.seed()
        )?;
    }
    Ok(())
}
