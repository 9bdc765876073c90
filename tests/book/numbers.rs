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
    "the speedup of two workers, threads: ours",
    "the speedup of two workers, threads under a GIL each: ours",
    "the speedup of two workers, processes: ours",
    "100 CPU-bound jobs, threads under one GIL: 2 workers",
    "a CPU-bound thread holds the GIL: ours",
    "to start a worker process, fork: ours",
    "to start a worker process, spawn: ours",
    "to start a worker process, forkserver: ours",
    "to start the service with one worker, a coroutine: ours",
    "until the last idle worker has ended, threads: ours",
    "until the last idle worker has ended, processes, fork: ours",
    "until the last idle worker has ended, coroutines: ours",
    "an empty job for one worker, processes: 1 worker",
    "an empty job, threads, 1 worker: 1,000,000 jobs",
    "an empty job, processes, 1 worker: 1,000,000 jobs",
    "an empty job, coroutines, 1 worker: 1,000,000 jobs",
    "10,000 coroutine workers in all: ours",
    "100,000 I/O-bound jobs at once, coroutines: ours",
];

/// A peer's line and the one below it: the ratio and its range, the goal, and the verdict. Where the range is a confidence
/// interval, it decides.
static PEER: LazyLock<Regex> = LazyLock::new(|| {
    let ratio = r"^    .+? (?<ratio>[\d.]+) times(?: less)? \((?<from>[\d.]+) to (?<to>[\d.]+)(?<interval>, 95 %)?\)";
    let goal = r" +(?<goal>at least|at most|[\d.]+ to) (?<bound>[\d.]+)(?<unit> \w+)?";
    let verdict = r"(?<verdict>reached|(?:short|missed) by \d+ %|not decided)$";
    Regex::new(&format!("{ratio}\n{goal}: {verdict}")).expect("a regular expression")
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
    let verdicts = [": reached", ": short by", ": missed by", ": not decided"];
    let judged = lines.windows(2).filter(|pair| verdicts.iter().any(|verdict| pair[1].contains(verdict)));
    for line in judged.map(|pair| pair.join("\n")) {
        let Some(parts) = PEER.captures(&line) else {
            faults.push(format!("nobody can read: {line}"));
            continue;
        };
        let number = |name: &str| parts[name].parse::<f64>().unwrap_or(f64::NAN);
        // A verdict about ours itself, in milliseconds, is not about the ratio.
        if parts.name("unit").is_some() {
            continue;
        }
        let (least, most) = match &parts["goal"] {
            "at least" => (number("bound"), f64::INFINITY),
            "at most" => (0.0, number("bound")),
            range => (range.trim_end_matches(" to").parse().unwrap_or(f64::NAN), number("bound")),
        };
        // Three digits are printed, so a value that is closer than that to its goal may be on either side.
        let within = |value: f64, margin: f64| value >= least * (1.0 - margin) && value <= most * (1.0 + margin);
        let beyond = |value: f64, margin: f64| !within(value, -margin);
        let is_right = match (parts.name("interval").is_some(), &parts["verdict"]) {
            (true, "reached") => within(number("from"), 0.01) && within(number("to"), 0.01),
            (true, "not decided") => {
                let (from, to) = (number("from"), number("to"));
                (beyond(from, 0.01) || beyond(to, 0.01)) && from <= most * 1.01 && to >= least * 0.99
            }
            (true, _) => number("to") < least * 1.01 || number("from") > most * 0.99,
            (false, "reached") => within(number("ratio"), 0.01),
            (false, _) => beyond(number("ratio"), 0.01),
        };
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
        ("    CPython   1 ms  30.0 times less (25 to 35, 95 %)\n at least 20: reached", ""),
        ("    CPython   1 ms  30.0 times less (9 to 35, 95 %)\n at least 20: reached", "the verdict is wrong"),
        ("    CPython   1 ms  30.0 times less (9 to 35, 95 %)\n at least 20: not decided", ""),
        ("    CPython   1 ms  30.0 times less (25 to 35, 95 %)\n at least 20: not decided", "the verdict is wrong"),
        ("    CPython   1 ms  10.0 times less (9 to 11, 95 %)\n at least 20: missed by 50 %", ""),
        ("    CPython   1 ms  10.0 times less (9 to 25, 95 %)\n at least 20: missed by 50 %", "the verdict is wrong"),
        ("    CPython   1 ms  1.20 times (0.8 to 1.5, 95 %)\n 0.9 to 1.1: not decided", ""),
        ("    CPython   1 ms  fast\n at most 1: reached", "nobody can read"),
    ] {
        let expected: &[&str] = if fault.is_empty() { &[] } else { &[fault] };
        crate::assert_finds(faults(&format!("{table}\n{line}")), expected);
    }
}
