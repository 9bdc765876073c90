//! The same work under every model, measured side by side on the reader's machine: the program `chapter-choosing`.
//!
//! Each run is a separate process, in which this program acts as one of the [demos](crate::demo), so that its time and
//! memory can be measured separately. The runs alternate, so that other load on the machine slows all of them down
//! alike. Each figure is the median of several runs. The comparison can include CPython's standard library.
//!
//! Data flows one way here as well: options, planned runs, measurements, rows, and then a table, JSON or a chart.

mod measure;
mod options;
mod parts;
mod row;
mod variant;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
pub use options::{Options, Part};
use parts::Planned;
use row::Chart;
pub use row::{Row, chart, read};

use crate::demo::{FAILED, USAGE, answer_with, coroutines, fail, processes, threads};
use crate::environment;
use crate::options::Format;
use crate::python::Interpreter;
use crate::view::file::{self, Replace};
use crate::view::summary::plural;
use crate::view::table;
use crate::view::timeline::Words;

/// The program `chapter-choosing`. When the program runs itself as a demo, this function runs the demo.
pub fn main() -> ExitCode {
    if let Some(status) = processes::as_worker() {
        return status;
    }
    let mut demo = env::args_os().skip(1);
    match demo.next().as_deref().and_then(|name| name.to_str()) {
        Some("threads") => return threads::main_with(named("chapter-threads", demo)),
        Some("processes") => return processes::main_with(named("chapter-processes", demo)),
        Some("coroutines") => return coroutines::main_with(named("chapter-coroutines", demo)),
        _ => {}
    }
    environment::prepare();
    let options = match Options::try_parse() {
        Err(answer) => return answer_with(&answer),
        Ok(options) => options,
    };
    let parts = options.only.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part]);
    let pythons: Result<Vec<Interpreter>, String> = options.python.iter().map(|path| Interpreter::find(path)).collect();
    let opened = pythons.and_then(|pythons| {
        let chart = |part: &Part| options.plot.as_deref().map_or(Ok(Vec::new()), |folder| open(folder, *part));
        // The leak is harmless: the program looks for its interpreters once.
        Ok((parts.iter().map(chart).collect::<Result<Vec<_>, String>>()?, &*pythons.leak()))
    });
    match opened {
        Err(error) => fail(&error, USAGE),
        Ok((charts, pythons)) => match run(&options, pythons, parts.into_iter().zip(charts)) {
            Ok(()) => ExitCode::SUCCESS,
            // The reader may close the pipe at any time.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => fail(&error, FAILED),
        },
    }
}

/// Puts a program's name before its arguments.
fn named(name: &str, arguments: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    [name.into()].into_iter().chain(arguments)
}

/// A file for a chart.
struct Plot {
    chart: Chart,
    file: Replace,
}

/// Opens the files for a part's charts before the runs, so that an unwritable folder is reported early.
fn open(folder: &Path, part: Part) -> Result<Vec<Plot>, String> {
    let shown = folder.display();
    fs::create_dir_all(folder).map_err(|error| format!("--plot={shown}: cannot make this folder: {error}"))?;
    let file = |chart: &Chart| {
        let file = file::open(&folder.join(chart.name(part)).with_extension("svg"), "--plot")?;
        Ok(Plot { chart: *chart, file })
    };
    let charts = if part == Part::Cpu { &[Chart::Figure, Chart::Speedup][..] } else { &[Chart::Figure] };
    charts.iter().map(file).collect()
}

/// Measures the parts, and prints each one when its measurements are complete.
fn run(
    options: &Options,
    pythons: &'static [Interpreter],
    parts: impl Iterator<Item = (Part, Vec<Plot>)>,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let planned: Vec<(Part, Vec<Planned>, Vec<Plot>)> =
        parts.map(|(part, plots)| (part, part.plan(options, pythons), plots)).collect();
    let runs: u64 = planned.iter().map(|(_, planned, _)| planned.len() as u64).sum();
    let bar = ProgressBar::new(runs * options.rounds());
    let style = ProgressStyle::with_template("{msg}\n[{wide_bar}] {pos}/{len}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
    for (part, planned, plots) in planned {
        let rows = part.measure(options, &planned, &bar)?;
        bar.suspend(|| show(&mut out, options, part, &rows))?;
        for Plot { chart, mut file } in plots {
            let words = Words { title: chart.about(part), ..Words::default() };
            let name = chart.name(part);
            let cannot = |error: io::Error| io::Error::new(error.kind(), format!("cannot write {name}.svg: {error}"));
            file.write_all(chart.draw(&words, &rows).as_bytes()).and_then(|()| file.flush()).map_err(cannot)?;
        }
    }
    bar.finish_and_clear();
    if options.format == Format::Text {
        let rounds = plural(options.rounds(), "run");
        writeln!(out, "Each figure is the median of {rounds}.")?;
        let names: Vec<String> = pythons.iter().map(Interpreter::to_string).collect();
        if !names.is_empty() {
            writeln!(out, "Python is {}.", names.join(", and "))?;
        }
    }
    Ok(())
}

/// Prints the rows of a part.
fn show(out: &mut impl Write, options: &Options, part: Part, rows: &[Row]) -> io::Result<()> {
    match options.format {
        Format::Text => {
            let cells: Vec<_> = rows.iter().map(|row| row.cells(part)).collect();
            writeln!(out, "{}: {}.\n\n{}", part.name(), part.about(), table::text(part.columns(), &cells))?;
            if part == Part::Cpu {
                let cores = plural(options::cores().into(), "core");
                writeln!(
                    out,
                    "This program may use {cores}: more workers than that can't compute at the same time.\n"
                )?;
            }
        }
        Format::Json => {
            for row in rows {
                writeln!(out, "{}", serde_json::to_string(row)?)?;
            }
        }
    }
    out.flush()
}
