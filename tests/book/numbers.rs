//! The numbers: the benchmark's recorded output is complete, and each verdict follows from its figures.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::read;

/// The rows that the table must have, each followed by its peers.
const WANTED: &[&str] = &[
    "an empty job, threads: ours",
    "an empty job, processes: ours",
    "an empty job, coroutines: ours",
    "an empty job with its records in a file, threads: ours",
    "an empty job with its records in a file, processes: ours",
    "an empty job with its records in a file, coroutines: ours",
    "a digest, as `cargo run` builds it: ours",
    "100 CPU-bound jobs, threads: 2 workers",
    "100 CPU-bound jobs, threads under one GIL: 2 workers",
    "100 CPU-bound jobs, threads under a GIL each: 2 workers",
    "100 CPU-bound jobs, processes: 2 workers",
    "100 CPU-bound jobs, bare threads: 2 threads",
    "a CPU-bound thread holds the GIL: ours",
    "to start a worker process, fork: ours",
    "to start a worker process, spawn: ours",
    "to start a worker process, forkserver: ours",
    "until the last idle worker has ended, threads: ours",
    "until the last idle worker has ended, processes, fork: ours",
    "until the last idle worker has ended, coroutines: ours",
    "an empty job, threads, 1 worker: 1,000,000 jobs",
    "an empty job, processes, 1 worker: 1,000,000 jobs",
    "an empty job, coroutines, 1 worker: 1,000,000 jobs",
    "10,000 coroutine workers in all: ours",
    "100,000 I/O-bound jobs at once, coroutines: ours",
];

/// A peer's line and the one below it: the ratio, the goal, and the verdict.
static PEER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^    .+? ([\d.]+) times(?: less)? \([\d.]+ to [\d.]+\)\n +(at least|at most|[\d.]+ to) ([\d.]+)( \w+)?: (reached|short by \d+ %)$")
        .expect("a regular expression")
});

fn faults(table: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !table.lines().next().is_some_and(|line| line.contains(" x ") && line.contains("rustc ")) {
        faults.push("the first line does not name a machine".to_owned());
    }
    let lines: Vec<&str> = table.lines().collect();
    for wanted in WANTED {
        let at = lines.iter().position(|line| line.starts_with(wanted));
        if !at.and_then(|at| lines.get(at + 1)).is_some_and(|peer| peer.starts_with("    ")) {
            faults.push(format!("there is no number or no peer of: {wanted}"));
        }
    }
    let judged = lines.windows(2).filter(|pair| pair[1].contains(": reached") || pair[1].contains(": short by"));
    for line in judged.map(|pair| pair.join("\n")) {
        let Some(parts) = PEER.captures(&line) else {
            faults.push(format!("nobody can read: {line}"));
            continue;
        };
        let number = |at: usize| parts[at].parse::<f64>().unwrap_or(f64::NAN);
        let (ratio, bound) = (number(1), number(3));
        // A verdict about ours itself, in milliseconds, is not about the ratio.
        if parts.get(4).is_some() {
            continue;
        }
        let beyond = match &parts[2] {
            "at least" => bound / ratio,
            "at most" => ratio / bound,
            range => (ratio / bound).max(range.trim_end_matches(" to").parse::<f64>().unwrap_or(f64::NAN) / ratio),
        };
        // Three digits are printed, so a ratio that is closer than that to its goal may have either verdict.
        let is_right = (beyond - 1.0).abs() < 0.01 || (&parts[5] == "reached") == (beyond <= 1.0);
        if !is_right {
            faults.push(format!("the verdict is wrong: {line}"));
        }
    }
    faults
}

#[test]
fn the_numbers_are_whole_and_right() {
    let table =
        read(Path::new("book/numbers.txt")).expect("cargo bench -p chapters --bench numbers > book/numbers.txt");
    crate::assert_none(faults(&table));
}

#[test]
fn what_is_wrong_with_numbers_is_found() {
    let table = read(Path::new("book/numbers.txt")).expect("the numbers");
    let without_a_machine = table.split_once('\n').expect("lines").1;
    crate::assert_finds(faults(without_a_machine), &["does not name a machine"]);
    crate::assert_finds(faults(&table.replace("an empty job, processes: ours", "it")), &["an empty job, processes"]);
    for (line, fault) in [
        ("    CPython   1 ms  10.0 times less (9 to 11)\n at least 20: reached", "the verdict is wrong"),
        ("    CPython   1 ms  30.0 times less (9 to 11)\n at least 20: short by 5 %", "the verdict is wrong"),
        ("    CPython   1 ms  1.20 times (1 to 2)\n 0.9 to 1.1: reached", "the verdict is wrong"),
        ("    CPython   1 ms  1.05 times (1 to 2)\n 0.9 to 1.1: reached", ""),
        ("    CPython   1 ms  fast\n at most 1: reached", "nobody can read"),
    ] {
        let expected: &[&str] = if fault.is_empty() { &[] } else { &[fault] };
        crate::assert_finds(faults(&format!("{table}\n{line}")), expected);
    }
}
