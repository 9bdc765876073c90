//! How long a click takes in a program that's played live, and how long it takes to record all programs.
//!
//! `chapter-scheduler NAME --live` plays a program as it does for the reading room. A click is the time from writing a
//! command to reading the new state. The steps are chosen at random, and at each ending, the program starts again, which
//! isn't counted. A row has the median, its 95 % confidence interval, and whether it reaches its goal, as in
//! `chapters/benches`: it's reached if the whole interval is on the right side of the goal, and missed if the whole
//! interval is on the wrong side.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio, exit};
use std::time::Instant;
use std::{env, fs};

use chapters::random::{Random, Seed};
use chapters::scheduler::Program;
use chapters::statistics::{self, Verdict};
use programs::ALL;
use rand::RngExt;
use serde_json::{Value as Json, json};

const SCHEDULER: &str = env!("CARGO_BIN_EXE_chapter-scheduler");
/// The clicks in each program.
const CLICKS: usize = 1000;
/// How many times all programs are recorded.
const RECORDINGS: usize = 10;
/// The most that a click may take, in seconds.
const CLICK: f64 = 1e-3;
/// The most that the recordings may take, in seconds.
const RECORDING: f64 = 5.0;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        eprintln!("nothing measured: run me with `cargo bench`");
        return Ok(());
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    if let Some(stray) = wanted.iter().find(|name| !ALL.iter().any(|program| program.name == **name)) {
        eprintln!("error: there is no program {stray}");
        exit(2);
    }
    let is_wanted = |program: &&Program| wanted.is_empty() || wanted.iter().any(|name| *name == program.name);
    println!("a click, {CLICKS} in each program");
    let mut medians = vec![];
    for program in ALL.iter().filter(is_wanted) {
        let clicks = clicks(program)?;
        medians.extend(statistics::median(clicks.iter().copied()));
        row(program.name, &clicks, CLICK);
    }
    row("the median program", &medians, CLICK);
    if wanted.is_empty() {
        println!("\nrecording all programs, {RECORDINGS} times");
        row("chapter-scheduler --write", &recordings()?, RECORDING);
    }
    Ok(())
}

/// A program that's being played.
struct Live {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Live {
    fn start(program: &Program) -> io::Result<(Self, Json)> {
        let mut command = Command::new(SCHEDULER);
        let mut child = command.args([program.name, "--live"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut live = Self { child, input, output: BufReader::new(output) };
        let state = live.read()?;
        Ok((live, parse(&state)))
    }

    fn read(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }

    /// Sends a command, and returns the answer and how many seconds that took.
    fn command(&mut self, command: &Json) -> io::Result<(Json, f64)> {
        let command = format!("{command}\n");
        let begin = Instant::now();
        self.input.write_all(command.as_bytes())?;
        let answer = self.read()?;
        let seconds = begin.elapsed().as_secs_f64();
        Ok((parse(&answer), seconds))
    }

    fn end(mut self) -> io::Result<()> {
        drop(self.input);
        let status = self.child.wait()?;
        assert!(status.success(), "{SCHEDULER}: {status}");
        Ok(())
    }
}

fn parse(line: &str) -> Json {
    let state: Json = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
    assert!(state["choices"].is_array(), "{line}");
    state
}

/// The seconds that each click takes.
fn clicks(program: &Program) -> io::Result<Vec<f64>> {
    let (mut live, mut state) = Live::start(program)?;
    let mut random = Random::new(&Seed::from(1));
    let mut clicks = Vec::with_capacity(CLICKS);
    while clicks.len() < CLICKS {
        let choices = state["choices"].as_array().map_or(0, Vec::len);
        if choices == 0 {
            (state, _) = live.command(&json!({ "back": usize::MAX }))?;
            assert_ne!(state["choices"], json!([]), "{} has no steps", program.name);
            continue;
        }
        let seconds;
        (state, seconds) = live.command(&json!({ "step": random.random_range(0..choices) }))?;
        clicks.push(seconds);
    }
    live.end()?;
    Ok(clicks)
}

/// The seconds that it takes to record all programs, once for each time.
fn recordings() -> io::Result<Vec<f64>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recordings");
    let mut seconds = vec![];
    for _ in 0..RECORDINGS {
        let begin = Instant::now();
        let status = Command::new(SCHEDULER).arg("--write").arg(&folder).status()?;
        seconds.push(begin.elapsed().as_secs_f64());
        assert!(status.success(), "{SCHEDULER}: {status}");
    }
    fs::remove_dir_all(&folder)?;
    Ok(seconds)
}

/// Prints the median of the measurements and whether it's at most `goal`.
fn row(name: &str, seconds: &[f64], goal: f64) {
    let median = statistics::median(seconds.iter().copied()).expect("there are measurements");
    let interval = statistics::interval(seconds).expect("there are measurements");
    let verdict = match statistics::verdict(&interval, &(0.0..=goal)) {
        Verdict::Reached => "reached".to_owned(),
        Verdict::Missed => format!("missed by {:.0} %", ((median / goal - 1.0) * 100.0).max(1.0)),
        Verdict::NotDecided => "not decided".to_owned(),
    };
    let (least, most) = (show(*interval.start()), show(*interval.end()));
    println!("    {name:<27}{:>8}  ({least} to {most}, 95 %)  at most {}: {verdict}", show(median), show(goal));
}

/// Seconds in words, with three significant digits.
fn show(seconds: f64) -> String {
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "us")];
    let (size, unit) = units.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1e-6, "us"));
    let value = seconds / size;
    let places = if value >= 100.0 { 0 } else { usize::from(value < 10.0) + 1 };
    format!("{value:.places$} {unit}")
}
