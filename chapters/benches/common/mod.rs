//! The benchmarks' shared parts: runs of the demos, runs of CPython, and rows that state a goal.
//!
//! In each round, the runs of a comparison follow one another in a random order, in one process on one machine. A row
//! names a peer and prints the ratio of the two, which is taken within each round: the median over the rounds, with its
//! 95 % confidence interval. If the whole interval is on the right side of the row's goal, the goal is reached. If the
//! whole interval is on the wrong side, the goal is missed, and the row prints by how much. Otherwise, the measurements
//! don't decide. None of these makes the benchmark fail.
//!
//! CPython's rows are measured with `python3`, or with each interpreter that a flag `--python=PATH` names, and say its version.

#![allow(dead_code, reason = "each benchmark uses its own part")]

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio, exit};
use std::rc::Rc;
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use chapters::python::{DEFAULT, Interpreter};
use chapters::record::{Event, Record, Summary};
use chapters::statistics::{self, Verdict};
use chapters::view::json;
use rand::seq::SliceRandom;

pub const THREADS: &str = env!("CARGO_BIN_EXE_chapter-threads");
pub const PROCESSES: &str = env!("CARGO_BIN_EXE_chapter-processes");
pub const COROUTINES: &str = env!("CARGO_BIN_EXE_chapter-coroutines");

/// Runs a demo and returns its records.
pub fn demo(program: &str, flags: &[&str]) -> Vec<Record> {
    let output = Command::new(program).args(flags).arg("--format=json").stderr(Stdio::inherit()).output();
    let output = output.unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    assert!(output.status.success(), "{program} {flags:?}: {}", output.status);
    json::read(&String::from_utf8_lossy(&output.stdout)).unwrap_or_else(|error| panic!("{program} {flags:?}: {error}"))
}

/// Runs a demo that prints only its summary.
pub fn summary(program: &str, flags: &[&str]) -> Summary {
    match demo(program, &[flags, &["--quiet"]].concat()).pop().map(|record| record.event) {
        Some(Event::ServiceStopped(summary)) => *summary,
        other => panic!("the last record is {other:?}"),
    }
}

/// Seconds that a command takes from start to end, with its standard output sent to a file.
pub fn into_file(command: &mut Command) -> f64 {
    let path = env::temp_dir().join(format!("chapters-bench-{}.out", std::process::id()));
    let file = File::create(&path).expect("a temporary file");
    let begin = Instant::now();
    let status = command.stdout(file).stdin(Stdio::null()).status().expect("the program runs");
    let took = begin.elapsed().as_secs_f64();
    assert!(status.success(), "{command:?}: {status}");
    let _ = fs::remove_file(path);
    took
}

/// An interpreter with a script from the folder `peers`.
pub fn python(interpreter: &Interpreter, script: &str, arguments: &[&str]) -> Command {
    let script: PathBuf = [env!("CARGO_MANIFEST_DIR"), "benches", "peers", script].iter().collect();
    let mut command = Command::new(&interpreter.path);
    command.arg(script).args(arguments).stderr(Stdio::inherit());
    command
}

/// The interpreters that the command line names with `--python=PATH`, or `python3`. Empty if it names none and there is no
/// `python3`.
fn interpreters() -> &'static [Interpreter] {
    static FOUND: OnceLock<Vec<Interpreter>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let named: Vec<PathBuf> =
            env::args().filter_map(|argument| Some(PathBuf::from(argument.strip_prefix("--python=")?))).collect();
        if named.is_empty() {
            return Interpreter::find(Path::new(DEFAULT)).into_iter().collect();
        }
        let found: Result<Vec<Interpreter>, String> = named.iter().map(|path| Interpreter::find(path)).collect();
        found.unwrap_or_else(|error| {
            eprintln!("error: {error}");
            exit(2);
        })
    })
}

/// Runs the parts that the command line names, or all of them.
pub fn parts(parts: &[(&str, fn())]) {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return eprintln!("nothing measured: run me with `cargo bench`");
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    if let Some(stray) = wanted.iter().find(|wanted| !parts.iter().any(|(name, _)| name == *wanted)) {
        let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
        eprintln!("error: there is no part {stray}: there are {}", names.join(", "));
        exit(2);
    }
    println!("{}\n", machine());
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|it| it == name) {
            part();
        }
    }
}

/// Describes the machine of the measurements.
fn machine() -> String {
    let said = |program: &str, flag: &str| {
        let output = Command::new(program).arg(flag).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned())
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = processors.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut words = vec![format!("{cores} x {}", name.unwrap_or(env::consts::ARCH)), env::consts::OS.to_owned()];
    words.extend((!kernel.is_empty()).then(|| kernel.trim().split(['-', '+']).next().unwrap_or_default().to_owned()));
    words.extend(said("rustc", "--version").map(|line| line.split(" (").next().unwrap_or_default().to_owned()));
    words.extend(interpreters().iter().map(Interpreter::to_string));
    words.join(", ")
}

/// The unit of a measurement.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    Seconds,
    Bytes,
    /// None: the ratio of two measurements.
    Times,
}

impl Unit {
    fn show(self, value: f64) -> String {
        let units: &[(f64, &str)] = match self {
            Self::Seconds => &[(1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")],
            Self::Bytes => &[(1e6, "MB"), (1e3, "kB"), (1.0, "B")],
            Self::Times => &[(1.0, "x")],
        };
        let smallest = units[units.len() - 1];
        let (size, name) = units.iter().find(|(size, _)| value >= *size).unwrap_or(&smallest);
        format!("{} {name}", digits(value / size))
    }
}

/// Formats a value with three significant digits, or with all digits of a larger whole number.
fn digits(value: f64) -> String {
    let places = if value >= 100.0 { 0 } else { usize::from(value < 10.0) + 1 };
    format!("{value:.places$}")
}

/// The goal of a row.
#[derive(Clone, Copy, Debug)]
pub enum Aim {
    /// Ours is at most the peer's divided by this factor.
    TimesLess(f64),
    /// Ours is at most this factor times the peer's.
    AtMostTimes(f64),
    /// Ours is at least this factor times the peer's.
    AtLeastTimes(f64),
    /// The ratio of ours to the peer's is between these two factors.
    WithinTimes(f64, f64),
    /// Ours itself is at most this value.
    AtMost(f64),
    /// No goal: the row is for information.
    Nothing,
}

/// A measurement, made once a round. It returns `None` if its program is missing.
pub struct Run<'a> {
    name: String,
    run: Kind<'a>,
}

/// A measurement that an interpreter makes.
type InPython<'a> = Rc<dyn Fn(&Interpreter) -> Option<f64> + 'a>;

enum Kind<'a> {
    Here(Box<dyn FnMut() -> Option<f64> + 'a>),
    InPython(InPython<'a>),
}

impl<'a> Run<'a> {
    pub fn of(name: &'a str, mut run: impl FnMut() -> f64 + 'a) -> Self {
        Self { name: name.to_owned(), run: Kind::Here(Box::new(move || Some(run()))) }
    }

    /// Runs a CPython script from the folder `peers` that prints a number, and divides the number by `count`.
    pub fn of_python(name: &'a str, script: &'a str, arguments: &'a [&'a str], count: usize) -> Self {
        Self::in_python(name, move |interpreter| {
            let output = python(interpreter, script, arguments).output().expect("CPython runs");
            assert!(output.status.success(), "{script} {arguments:?}: {}", output.status);
            Some(number_in(&output, script) / count as f64)
        })
    }

    /// The same for a script that prints something else: measures the seconds that it takes.
    pub fn of_python_into_file(name: &'a str, script: &'a str, arguments: &'a [&'a str], count: usize) -> Self {
        Self::in_python(name, move |interpreter| {
            Some(into_file(&mut python(interpreter, script, arguments)) / count as f64)
        })
    }

    /// A measurement in CPython, made with each interpreter. `run` returns `None` if an interpreter lacks what it measures.
    pub fn in_python(name: &'a str, run: impl Fn(&Interpreter) -> Option<f64> + 'a) -> Self {
        Self { name: name.to_owned(), run: Kind::InPython(Rc::new(run)) }
    }

    /// A run for each interpreter, whose version is part of the name; the run itself if it isn't in CPython.
    fn of_each_interpreter(self) -> Vec<Self> {
        let Kind::InPython(run) = self.run else { return vec![self] };
        if interpreters().is_empty() {
            return vec![Self { name: self.name, run: Kind::Here(Box::new(|| None)) }];
        }
        let of = |interpreter: &'static Interpreter| {
            let (name, run) = (format!("{} {}", self.name, interpreter.label()), Rc::clone(&run));
            Self { name, run: Kind::Here(Box::new(move || run(interpreter))) }
        };
        interpreters().iter().map(of).collect()
    }

    fn measure(&mut self) -> Option<f64> {
        match &mut self.run {
            Kind::Here(run) => run(),
            Kind::InPython(_) => unreachable!("each interpreter has a run of its own"),
        }
    }
}

/// The number that a script has printed.
pub fn number_in(output: &Output, script: &str) -> f64 {
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().unwrap_or_else(|_| panic!("{script} printed {text:?}, no number"))
}

/// Measures ours and its peers alternately, and prints the measurements, then a row for each peer.
pub fn compare<'a>(
    what: &str,
    unit: Unit,
    rounds: usize,
    ours: Run<'a>,
    peers: impl IntoIterator<Item = (Run<'a>, Aim)>,
) {
    let peers =
        peers.into_iter().flat_map(|(peer, aim)| peer.of_each_interpreter().into_iter().map(move |it| (it, aim)));
    let (peers, aims): (Vec<Run>, Vec<Aim>) = peers.unzip();
    let mut runs: Vec<Run> = [ours].into_iter().chain(peers).collect();
    let mut samples = vec![Vec::new(); runs.len()];
    for _ in 0..rounds {
        let mut order: Vec<usize> = (0..runs.len()).collect();
        order.shuffle(&mut rand::rng());
        for index in order {
            samples[index].extend(runs[index].measure());
        }
    }
    let [ours, peers @ ..] = &samples[..] else { unreachable!("ours is among them") };
    println!("{what}: {} {}", runs[0].name, unit.show(median(ours)));
    for ((peer, theirs), aim) in runs[1..].iter().zip(peers).zip(aims) {
        match theirs.len() == ours.len() {
            true => row(&peer.name, unit, ours, theirs, aim),
            false => println!("    {:<31} is not here", peer.name),
        }
    }
    println!();
}

/// The same for seconds. The first run is ours, and may take `at_most` times as long as any of the others.
pub fn beside<const N: usize>(what: &str, rounds: usize, runs: [Run; N], at_most: f64) {
    let mut runs = runs.into_iter();
    let ours = runs.next().expect("ours is the first");
    compare(what, Unit::Seconds, rounds, ours, runs.map(|peer| (peer, Aim::AtMostTimes(at_most))));
}

fn row(peer: &str, unit: Unit, ours: &[f64], theirs: &[f64], aim: Aim) {
    let is_less = matches!(aim, Aim::TimesLess(_) | Aim::AtMost(_));
    let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| if is_less { theirs / ours } else { ours / theirs });
    let ratios: Vec<f64> = ratios.collect();
    let ratio = median(&ratios);
    let interval = statistics::interval(&ratios).expect("there are rounds");
    let (least, most) = (digits(*interval.start()), digits(*interval.end()));
    let times = if is_less { "times less" } else { "times" };
    let verdict = verdict(aim, unit, &ratios, ours);
    let theirs = unit.show(median(theirs));
    println!("    {peer:<31}{theirs:>8}  {} {times} ({least} to {most}, 95 %)", digits(ratio));
    if !verdict.is_empty() {
        println!("{:45}{verdict}", "");
    }
}

/// Says whether a goal was reached or missed, or that the measurements don't decide.
fn verdict(aim: Aim, unit: Unit, ratios: &[f64], ours: &[f64]) -> String {
    let (values, goal, words) = match aim {
        Aim::Nothing => return String::new(),
        Aim::TimesLess(least) | Aim::AtLeastTimes(least) => {
            (ratios, least..=f64::INFINITY, format!("at least {least}"))
        }
        Aim::AtMostTimes(most) => (ratios, 0.0..=most, format!("at most {most}")),
        Aim::WithinTimes(least, most) => (ratios, least..=most, format!("{least} to {most}")),
        Aim::AtMost(most) => (ours, 0.0..=most, format!("at most {}", unit.show(most))),
    };
    let value = median(values);
    let nearest = value.clamp(*goal.start(), *goal.end());
    match statistics::verdict(&statistics::interval(values).expect("there are rounds"), &goal) {
        Verdict::Reached => format!("{words}: reached"),
        Verdict::Missed => format!("{words}: missed by {:.0} %", ((value / nearest - 1.0).abs() * 100.0).max(1.0)),
        Verdict::NotDecided => format!("{words}: not decided"),
    }
}

/// The median of the measurements of several rounds.
pub fn median(values: &[f64]) -> f64 {
    statistics::median(values.iter().copied()).expect("there are rounds")
}
