//! Contracts: the parts of a console block's output that may vary, and the checks that hold in every run.
//!
//! An HTML comment after a `console` block, which readers don't see, names both:
//!
//! ```text
//! <!-- contract
//! varies: workers, order
//! varies below: switches
//! checks: job_size(0, 0.634), no_job_started_twice
//! likely: items_grow(no bound)
//! -->
//! ```
//!
//! `varies` lists the parts of the output that aren't compared with the page, by the names in [`VARIES`]; `varies below`
//! lists those that aren't compared in this block and in the rest of the page. `order` means that lines may come in any
//! order. Times, durations, sizes, and ratios are never compared. `checks` lists functions from [`CHECKS`], each of which
//! must succeed on the output of every run. `likely` lists functions that must succeed in one of several attempts, because
//! the speed of the machine or chance decides. A name that isn't in the tables is an error.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::LazyLock;

use regex::Regex;

use crate::common::{Block, Page};

/// How many times a command runs if its contract has checks.
pub static REPEATS: LazyLock<usize> = LazyLock::new(|| if env::var_os("CI").is_some() { 4 } else { 2 });

/// What may vary: a name, and the patterns that are replaced before the output is compared.
const VARIES: &[(&str, &[(&str, &str)])] = &[
    ("workers", &[(r"worker-\d+( \d+ N)?", "worker-N")]),
    ("jobs_in_time", &[(r"\d+ completed, \d+ left", "N completed, N left")]),
    ("lost_job", &[(r"while running job \d+", "while running job N")]),
    ("repeated_job", &[(r"takes job \d+, which", "takes job N, which")]),
    ("switches", &[(r"N \d+ N$", "N N N")]),
    ("lost_additions", &[(r"x is \d+: \d+ lost", "x is N: N lost")]),
    ("waiting_items", &[(r"\b\d+ waiting$", "N waiting")]),
    ("beats", &[(r"^(\S+) \d+ N N N$", "$1 N N N N")]),
    ("wrong_totals", &[(r"\d+ of \d+$", "N of N")]),
    (ORDER, &[]),
];

/// The name that allows the lines to come in any order.
const ORDER: &str = "order";

/// The checks that a contract may name: a name, the number of its arguments, and the function that checks it.
const CHECKS: &[(&str, usize, Check)] = &[
    ("job_size", 2, job_size),
    ("no_job_started_twice", 0, no_job_started_twice),
    ("all_jobs_accounted_for", 0, all_jobs_accounted_for),
    ("one_job_lost", 0, one_job_lost),
    ("jobs_in_order", 0, jobs_in_order),
    ("puts_ahead_at_most", 1, puts_ahead_at_most),
    ("items_grow", 1, items_grow),
    ("items_at_most", 2, items_at_most),
    ("loop_stalled", 0, loop_stalled),
    ("additions_lost", 1, additions_lost),
    ("no_addition_lost", 1, no_addition_lost),
    ("beats_more_often", 2, beats_more_often),
    ("beats", 2, beats_exactly),
    ("workers_done", 2, workers_done),
    ("more_reserved_than_used", 0, more_reserved_than_used),
];

/// Checks the output of one run, given the arguments in the contract.
type Check = fn(&[String], &str) -> Result<(), String>;

/// The contract of a block.
#[derive(Debug, Default)]
pub struct Contract {
    pub varies: Vec<String>,
    pub varies_below: Vec<String>,
    pub checks: Vec<Call>,
    pub likely: Vec<Call>,
}

/// A check and its arguments, as the page writes them: `job_size(0, 0.634)`.
#[derive(Debug)]
pub struct Call {
    text: String,
    arguments: Vec<String>,
    check: Check,
}

impl Contract {
    /// Finds the contract of a block, which stands between it and the next block of commands, and adds what earlier
    /// contracts on the page declare for everything below them.
    pub fn of(page: &Page, blocks: &[Block], block: &Block) -> Result<Self, String> {
        let next = blocks.iter().find(|it| it.info == "console" && it.range.start > block.range.end);
        let end = next.map_or(page.text.len(), |next| next.range.start);
        let mut found = None;
        let mut above = Vec::new();
        for (place, start) in page.text[..end].match_indices("<!-- contract\n") {
            let text = &page.text[place + start.len()..];
            let contract = Self::parse(text.split("-->").next().unwrap_or_default())?;
            if place < block.range.start {
                above.extend(contract.varies_below);
            } else if found.replace(contract).is_some() {
                return Err("two contracts follow the block".to_owned());
            }
        }
        let mut contract = found.unwrap_or_default();
        contract.varies.extend(above);
        Ok(contract)
    }

    /// Parses the lines of a contract. Every name in it must be known.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut contract = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (key, list) = line.split_once(':').ok_or_else(|| format!("a contract has no line {line:?}"))?;
            match key.trim() {
                "varies" => contract.varies.extend(known_names(list)?),
                "varies below" => contract.varies_below.extend(known_names(list)?),
                "checks" => contract.checks.extend(calls(list)?),
                "likely" => contract.likely.extend(calls(list)?),
                key => return Err(format!("a contract has no {key:?}, only varies, varies below, checks, and likely")),
            }
        }
        Ok(contract)
    }

    fn allows(&self, name: &str) -> bool {
        self.varies.iter().chain(&self.varies_below).any(|it| it == name)
    }

    pub fn is_ordered(&self) -> bool {
        !self.allows(ORDER)
    }

    /// Replaces measured numbers, and everything else that may vary, by placeholders.
    pub fn without_what_varies(&self, text: &str) -> String {
        // The time of a record; a number with a unit; a ratio. The width of a column depends on what is in it.
        static MEASURED: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
            [
                (r"^ +\d+\.\d{6}  ", "N "),
                (r"\b\d+(\.\d+)? ?(s|ms|µs|ns|%|MiB|KiB|x|/s)(\W|$)", "N$3"),
                (r"\b\d+\.\d+ times", "N times"),
                (r"  +", " "),
            ]
            .map(|(pattern, placeholder)| (Regex::new(pattern).expect("a regular expression"), placeholder))
        });
        let allowed = VARIES.iter().filter(|(name, _)| self.allows(name)).flat_map(|(_, patterns)| patterns.iter());
        let allowed: Vec<_> =
            allowed.map(|(it, placeholder)| (Regex::new(it).expect("a regular expression"), *placeholder)).collect();
        let line = |line: &str| {
            let all = MEASURED.iter().chain(&allowed);
            let line = all.fold(Cow::from(line), |line, (pattern, placeholder)| {
                pattern.replace_all(&line, *placeholder).into_owned().into()
            });
            line.trim().to_owned()
        };
        let lines: Vec<String> = text.lines().map(line).collect();
        lines.join("\n") + "\n"
    }

    /// Runs the checks that must succeed on the output of every run.
    pub fn holds(&self, printed: &str) -> Result<(), String> {
        self.checks.iter().try_for_each(|it| it.run(printed))
    }

    /// Runs the checks that must succeed on the output of some run.
    pub fn happens(&self, printed: &str) -> Result<(), String> {
        self.likely.iter().try_for_each(|it| it.run(printed))
    }
}

impl Call {
    fn run(&self, printed: &str) -> Result<(), String> {
        (self.check)(&self.arguments, printed).map_err(|error| format!("{}: {error}", self.text))
    }
}

/// The names in a comma-separated list, all of which must be in [`VARIES`].
fn known_names(list: &str) -> Result<Vec<String>, String> {
    list.split(',')
        .map(str::trim)
        .map(|name| match VARIES.iter().any(|(known, _)| *known == name) {
            true => Ok(name.to_owned()),
            false => Err(format!("VARIES has no {name:?}")),
        })
        .collect()
}

/// The calls in a list such as `job_size(0, 0.634), one_job_lost`, all of which must be in [`CHECKS`].
fn calls(list: &str) -> Result<Vec<Call>, String> {
    static CALL: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\s*(\w+)(?:\(([^()]*)\))?\s*(?:,|$)").expect("a regular expression"));
    let mut calls = Vec::new();
    let mut rest = list;
    while !rest.trim().is_empty() {
        let found = CALL.captures(rest).ok_or_else(|| format!("a list of checks continues with {rest:?}"))?;
        let arguments = found.get(2).map_or("", |it| it.as_str());
        let arguments: Vec<String> =
            arguments.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect();
        let (_, count, check) = CHECKS
            .iter()
            .find(|(name, ..)| *name == &found[1])
            .ok_or_else(|| format!("CHECKS has no {:?}", &found[1]))?;
        if arguments.len() != *count {
            return Err(format!("{} has {count} arguments, not {}", &found[1], arguments.len()));
        }
        let text = found[0].trim().trim_end_matches(',').to_owned();
        calls.push(Call { text, arguments, check: *check });
        rest = &rest[found[0].len()..];
    }
    Ok(calls)
}

/// All matches of `pattern` in the output. No match is an error, because nothing would be checked.
fn all<'a>(pattern: &str, printed: &'a str) -> Result<Vec<Vec<&'a str>>, String> {
    let pattern = Regex::new(pattern).expect("a regular expression");
    let found = pattern.captures_iter(printed).map(|it| it.iter().flatten().map(|it| it.as_str()).collect());
    let found: Vec<_> = found.collect();
    if found.is_empty() { Err(format!("no line matches `{pattern}`")) } else { Ok(found) }
}

fn job_size(arguments: &[String], printed: &str) -> Result<(), String> {
    // If there was time for it.
    let found = all(&format!(r"starts job {}, size (\S+)", &arguments[0]), printed).unwrap_or_default();
    found.iter().try_for_each(|it| if it[1] == arguments[1] { Ok(()) } else { Err(format!("its size is {}", it[1])) })
}

fn no_job_started_twice(_: &[String], printed: &str) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let found = all(r"starts job (\d+)", printed)?;
    found.iter().try_for_each(|it| if seen.insert(it[1]) { Ok(()) } else { Err(format!("job {} is", it[1])) })
}

fn all_jobs_accounted_for(_: &[String], printed: &str) -> Result<(), String> {
    let found = all(r"(\d+) jobs?: (\d+) completed, (\d+) left, (\d+) lost", printed)?;
    let numbers: Vec<u64> = found[0][1..].iter().map(|it| it.parse().expect("a number")).collect();
    if numbers[0] == numbers[1..].iter().sum::<u64>() { Ok(()) } else { Err(found[0][0].to_owned()) }
}

fn jobs_in_order(_: &[String], printed: &str) -> Result<(), String> {
    let mut last = BTreeMap::new();
    for start in all(r"(worker-\d+) +starts job (\d+)", printed)? {
        let number: u64 = start[2].parse().expect("a number");
        match last.insert(start[1], number) {
            Some(before) if before > number => return Err(format!("{} starts {number} after {before}", start[1])),
            _ => {}
        }
    }
    Ok(())
}

fn puts_ahead_at_most(arguments: &[String], printed: &str) -> Result<(), String> {
    let most: i64 = arguments[0].parse().expect("a number");
    let mut ahead = 0;
    for step in all(r"worker-\d+ +(puts|starts) job \d+", printed)? {
        ahead += if step[1] == "puts" { 1 } else { -1 };
        if ahead > most {
            return Err(format!("{ahead} are"));
        }
    }
    Ok(())
}

/// How many items are waiting, line by line.
fn waiting(name: &str, printed: &str) -> Result<Vec<u64>, String> {
    let found = all(&format!(r"(?m)^{} .* (\d+) waiting$", regex::escape(name)), printed)?;
    Ok(found.iter().map(|it| it[1].parse().expect("a number")).collect())
}

fn items_grow(arguments: &[String], printed: &str) -> Result<(), String> {
    let numbers = waiting(&arguments[0], printed)?;
    if numbers.is_sorted_by(|one, next| one < next) { Ok(()) } else { Err(format!("there are {numbers:?} waiting")) }
}

fn items_at_most(arguments: &[String], printed: &str) -> Result<(), String> {
    let most: u64 = arguments[1].parse().expect("a number");
    let numbers = waiting(&arguments[0], printed)?;
    if numbers.iter().all(|number| *number <= most) { Ok(()) } else { Err(format!("there are {numbers:?} waiting")) }
}

fn one_job_lost(_: &[String], printed: &str) -> Result<(), String> {
    let (died, lost) = (all(r"died while running job (\d+)", printed)?, all(r"(\d+) lost", printed)?);
    match (died.len(), lost[0][1]) {
        (1, "1") => Ok(()),
        (deaths, lost) => Err(format!("{deaths} workers died with a job, and {lost} are lost")),
    }
}

fn lost(arguments: &[String], printed: &str) -> Result<u64, String> {
    let found = all(&format!(r"(?m)^{} .*: (\d+) lost", regex::escape(&arguments[0])), printed)?;
    Ok(found[0][1].parse().expect("a number"))
}

fn additions_lost(arguments: &[String], printed: &str) -> Result<(), String> {
    if lost(arguments, printed)? > 0 { Ok(()) } else { Err("none is".to_owned()) }
}

fn no_addition_lost(arguments: &[String], printed: &str) -> Result<(), String> {
    let lost = lost(arguments, printed)?;
    if lost == 0 { Ok(()) } else { Err(format!("{lost} are")) }
}

fn beats(way: &str, printed: &str) -> Result<u64, String> {
    let found = all(&format!(r"(?m)^{} +(\d+) ", regex::escape(way)), printed)?;
    Ok(found[0][1].parse().expect("a number"))
}

fn beats_more_often(arguments: &[String], printed: &str) -> Result<(), String> {
    let (more, less) = (beats(&arguments[0], printed)?, beats(&arguments[1], printed)?);
    if more > less { Ok(()) } else { Err(format!("{more} and {less} times")) }
}

fn workers_done(arguments: &[String], printed: &str) -> Result<(), String> {
    all(&format!(r"(?m)^as {}, {} of \d workers are done$", &arguments[0], &arguments[1]), printed).map(drop)
}

fn more_reserved_than_used(_: &[String], printed: &str) -> Result<(), String> {
    let memory = |name: &str| {
        let line = all(&format!(r"(?m)^{name} +(\S+) KiB"), printed)?.swap_remove(0);
        line[1].parse::<f64>().map_err(|error| format!("{name}: {error}"))
    };
    let (reserved, used) = (memory("reserved")?, memory("in use")?);
    if reserved > used { Ok(()) } else { Err(format!("{reserved} and {used} KiB")) }
}

fn beats_exactly(arguments: &[String], printed: &str) -> Result<(), String> {
    let beats = beats(&arguments[0], printed)?;
    if beats.to_string() == arguments[1] { Ok(()) } else { Err(format!("{beats} times")) }
}

fn loop_stalled(_: &[String], printed: &str) -> Result<(), String> {
    all(r"watchdog: no heartbeat .* the event loop is blocked", printed).map(drop)
}
