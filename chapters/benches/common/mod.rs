//! What the benchmarks share: runs of the demos, runs of CPython, and tables that say what was to be reached.
//!
//! What is compared is measured in turns, in one run on one machine, and told as the median with the fastest and the
//! slowest beside it. A benchmark that does not reach its figure says by how much, and fails nothing.

#![allow(dead_code, reason = "each benchmark uses its own part")]

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use chapters::trace::{Event, Record};
use chapters::view::json;
use chapters::view::summary::Summary;

pub const THREADS: &str = env!("CARGO_BIN_EXE_chapter-threads");
pub const PROCESSES: &str = env!("CARGO_BIN_EXE_chapter-processes");
pub const COROUTINES: &str = env!("CARGO_BIN_EXE_chapter-coroutines");

/// Runs a demo, and gives its records.
pub fn demo(program: &str, flags: &[&str]) -> Vec<Record> {
    let output = Command::new(program).args(flags).arg("--format=json").stderr(Stdio::inherit()).output();
    let output = output.unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    assert!(output.status.success(), "{program} {flags:?}: {}", output.status);
    json::read(&String::from_utf8_lossy(&output.stdout)).unwrap_or_else(|error| panic!("{program} {flags:?}: {error}"))
}

/// The summary among the records of a run.
pub fn summary(records: &[Record]) -> &Summary {
    match records.last().map(|record| &record.event) {
        Some(Event::ServiceStopped(summary)) => summary,
        other => panic!("the last record is {other:?}"),
    }
}

/// Runs a demo that prints every record into a file, and gives the seconds from its start to its end.
pub fn demo_into_file(program: &str, flags: &[&str]) -> f64 {
    seconds(Command::new(program).args(flags).arg("--format=json"))
}

/// Runs CPython on a script of the folder `peers`, which prints a number; `None` where there is no CPython.
pub fn python(script: &str, arguments: &[&str]) -> Option<f64> {
    let output = Command::new("python3").arg(peer(script)).args(arguments).stderr(Stdio::inherit()).output().ok()?;
    assert!(output.status.success(), "{script} {arguments:?}: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.trim().parse().unwrap_or_else(|_| panic!("{script} {arguments:?} printed {text:?}, no number")))
}

/// Runs CPython on a script that prints records, into a file, and gives the seconds from its start to its end.
pub fn python_into_file(script: &str, arguments: &[&str]) -> Option<f64> {
    Command::new("python3").arg("--version").output().ok()?;
    Some(seconds(Command::new("python3").arg(peer(script)).args(arguments)))
}

/// How long a command takes whose standard output is a file.
fn seconds(command: &mut Command) -> f64 {
    let path = std::env::temp_dir().join(format!("chapters-bench-{}.out", std::process::id()));
    let file = File::create(&path).expect("a temporary file");
    let begin = Instant::now();
    let status = command.stdout(file).stdin(Stdio::null()).status().expect("the program runs");
    let took = begin.elapsed().as_secs_f64();
    assert!(status.success(), "{command:?}: {status}");
    let _ = std::fs::remove_file(path);
    took
}

fn peer(script: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "benches", "peers", script].iter().collect()
}

/// Measurements of one thing.
#[derive(Clone, Debug, Default)]
pub struct Sample(Vec<f64>);

impl Sample {
    pub fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    pub fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line: what it is, the median, and the range.
    pub fn print(&self, what: &str, unit: &str, factor: f64) {
        if self.is_empty() {
            println!("  {what:<34} no python3 here");
            return;
        }
        let [low, middle, high] = [self.0[0], self.median(), self.0[self.0.len() - 1]].map(|value| value * factor);
        println!("  {what:<34} {middle:>10.3} {unit:<3} ({low:.3} to {high:.3}, {} runs)", self.0.len());
    }
}

/// A number to reach.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
    Within(f64, f64),
}

/// Says a figure, and whether it reaches its target.
pub fn judge(what: &str, value: f64, unit: &str, target: Target) {
    let (nearest, words) = match target {
        Target::AtLeast(aim) => (value.max(aim), format!("at least {aim}")),
        Target::AtMost(aim) => (value.min(aim), format!("at most {aim}")),
        Target::Within(least, most) => (value.clamp(least, most), format!("from {least} to {most}")),
    };
    let verdict = match value == nearest {
        true => "reached".to_owned(),
        false => format!("short by {:.1} %", (value / nearest - 1.0).abs() * 100.0),
    };
    println!("  {what:<34} {value:>10.3} {unit:<3} {words}: {verdict}");
}

/// Says how many times less `ours` is than `theirs`, if theirs was measured.
pub fn judge_times_less(ours: &Sample, theirs: &Sample, aim: f64) {
    if !theirs.is_empty() {
        judge("CPython's, divided by it", theirs.median() / ours.median(), "x", Target::AtLeast(aim));
    }
}

/// What is compared: a name, and a run that gives seconds per operation, or nothing where the peer is missing.
pub struct Run<'a> {
    name: &'a str,
    run: Box<dyn FnMut() -> Option<f64> + 'a>,
}

impl<'a> Run<'a> {
    pub fn of(name: &'a str, mut run: impl FnMut() -> f64 + 'a) -> Self {
        Self { name, run: Box::new(move || Some(run())) }
    }

    /// CPython's, of a script of the folder `peers`.
    pub fn of_python(name: &'a str, script: &'a str, arguments: &'a [&'a str]) -> Self {
        Self { name, run: Box::new(move || python(script, arguments)) }
    }
}

/// Measures all in turns, prints them, and returns the samples in the same order.
pub fn in_turns<const N: usize>(what: &str, rounds: usize, mut runs: [Run; N]) -> [Sample; N] {
    let mut samples = [(); N].map(|()| Sample::default());
    for _ in 0..rounds {
        for (run, sample) in runs.iter_mut().zip(&mut samples) {
            if let Some(seconds) = (run.run)() {
                sample.add(seconds);
            }
        }
    }
    println!("{what}");
    for (run, sample) in runs.iter().zip(&samples) {
        sample.print(run.name, "ns", 1e9);
    }
    samples
}

/// Measures ours, which comes first, and its neighbours, and says how many times the best neighbour's ours is.
pub fn beside<const N: usize>(what: &str, rounds: usize, runs: [Run; N], at_most: f64) {
    let [ours, neighbours @ ..] = &in_turns(what, rounds, runs)[..] else { panic!("there is nothing to measure") };
    let best = neighbours.iter().map(Sample::median).fold(f64::INFINITY, f64::min);
    judge("divided by the best of the others", ours.median() / best, "x", Target::AtMost(at_most));
    println!();
}
