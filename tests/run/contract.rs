//! What a page says of output that varies, in words that are checked.
//!
//! After a `console` block, a page can say what varies from run to run and what never does:
//!
//! ```text
//! <div class="contract">
//!
//! **Varies:** the times; who takes which job.
//!
//! **Never varies:** no job is started twice.
//!
//! </div>
//! ```
//!
//! Each clause is one of those below. What varies is not compared; a clause that ends in `, here and below` holds for the
//! rest of the page, too. What never varies is checked in several runs. A clause that is not known is a fault.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::common::{Block, Page};

/// How often a command is run whose page says what never varies: more often where nobody waits.
pub static REPEATS: LazyLock<usize> = LazyLock::new(|| if env::var_os("CI").is_some() { 4 } else { 2 });

/// What may vary, and what stands for it in the comparison. `the order` is not among it: then lines are found anywhere.
const VARIES: &[(&str, &[(&str, &str)])] = &[
    // These are never compared, but a page may say so.
    ("the times", &[]),
    ("the memory", &[]),
    ("the seed", &[(r"seed( +|=)-?\d+", "seed${1}N")]),
    ("who takes which job", &[(r"worker-\d+( \d+ N)?", "worker-N")]),
    ("how many jobs are done in time", &[(r"\d+ completed, \d+ left", "N completed, N left")]),
    ("the number of switches", &[(r"N \d+ N$", "N N N")]),
    ("how often a processor is switched", &[(r" \d+$", " N")]),
    ("how many additions are lost", &[(r"x is \d+: \d+ lost", "x is N: N lost")]),
    ("how many items wait", &[(r"\b\d+ wait$", "N wait")]),
    ("which job is lost", &[(r"with it job \d+", "with it job N")]),
    ("how many beats there are", &[(r"^(\S+) \d+ N N N$", "$1 N N N N")]),
    ("how many workers find no work", &[(r"^N worker-\S+ found no work$", "...")]),
];

/// What says that lines may come in another order.
const ORDER: &str = "the order of lines that come close together";

/// The end of a clause that holds for the rest of the page, too.
const BELOW: &str = ", here and below";

/// What never varies: a clause, and what checks it in the output of one run.
const NEVER_VARIES: &[(&str, Check)] = &[
    (r"job (\d+) has size (\d\.\d{3})", a_job_has_a_size),
    (r"no job is started twice", no_job_is_started_twice),
    (r"every job is completed, left on the queue, or reported as lost", every_job_is_accounted_for),
    (r"one job is lost", one_job_is_lost),
    (r"no two workers hold the lock at one moment", no_two_workers_hold_the_lock),
    (r"at most (\d+) workers hold a permit at one moment", at_most_so_many_hold_a_permit),
    (r"nobody goes before the event is set", nobody_goes_before_the_event),
    (r"nobody begins a round of (\d+) jobs before all have finished the last", rounds_do_not_mix),
    (r"the loop stands still", |_, printed| {
        all(r"watchdog: no sign of life .* the loop stands still", printed).map(drop)
    }),
    (r"(.+) some additions are lost", additions_are_lost),
    (r"(.+) no addition is lost", additions_are_not_lost),
    (r"each worker starts its jobs in the order of their numbers", each_worker_keeps_the_order),
    (r"no more than (\d+) jobs are put and not started", no_more_are_ahead),
    (r"with (.+) more items wait from line to line", more_items_wait),
    (r"with (.+) no more than (\d+) items wait", no_more_items_wait),
    (r"(\S+) beats more often than (\S+)", one_beats_more_often),
    (r"(\S+) beats (\d+) times", one_beats_so_often),
    (r"as (\S+) (\d) workers are done", so_many_are_done),
    (r"more is reserved than is in use", more_is_reserved),
];

type Check = fn(&Captures, &str) -> Result<(), String>;

/// What a page says of the output of a block.
#[derive(Debug, Default)]
pub struct Contract {
    pub varies: Vec<String>,
    pub never: Vec<String>,
}

impl Contract {
    /// Finds the contract of one of a page's blocks: the one that follows it, before another block of commands does. And what earlier
    /// ones said of all that is below them.
    pub fn of(page: &Page, blocks: &[Block], block: &Block) -> Result<Self, String> {
        let next = blocks.iter().find(|it| it.info == "console" && it.range.start > block.range.end);
        let end = next.map_or(page.text.len(), |next| next.range.start);
        let mut found = None;
        let mut above = Vec::new();
        for (place, _) in page.text[..end].match_indices("<div class=\"contract\">") {
            let text = page.text[place..].split("</div>").next().unwrap_or_default();
            let contract = Self::parse(text)?;
            if place < block.range.start {
                above.extend(contract.varies.into_iter().filter(|it| it.ends_with(BELOW)));
            } else if found.replace(contract).is_some() {
                return Err("two contracts follow the block".to_owned());
            }
        }
        let mut contract = found.unwrap_or_default();
        contract.varies.extend(above);
        Ok(contract)
    }

    /// Reads a contract, and makes sure that each clause is known. What is neither of its two lists is for readers only.
    pub fn parse(text: &str) -> Result<Self, String> {
        let clauses = |name: &str| -> Option<Vec<String>> {
            let paragraph = text.split_once(name)?.1.split("\n\n").next()?;
            let clauses = paragraph.split(';').map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
            Some(clauses.map(|it| it.trim_end_matches('.').to_owned()).filter(|it| !it.is_empty()).collect())
        };
        let varies = clauses("**Varies:**").ok_or("the contract does not say what **Varies:**")?;
        let contract = Self { varies, never: clauses("**Never varies:**").unwrap_or_default() };
        let strange = contract
            .varies
            .iter()
            .map(|it| it.strip_suffix(BELOW).unwrap_or(it))
            .find(|it| *it != ORDER && !VARIES.iter().any(|(known, _)| it == known));
        let strange = strange.or(contract.never.iter().map(String::as_str).find(|clause| fact(clause).is_none()));
        match strange {
            Some(clause) => Err(format!("nobody knows how to check this: {clause}")),
            None => Ok(contract),
        }
    }

    fn says(&self, clause: &str) -> bool {
        self.varies.iter().any(|it| it.strip_suffix(BELOW).unwrap_or(it) == clause)
    }

    pub fn is_ordered(&self) -> bool {
        !self.says(ORDER)
    }

    /// The text, with the same in the place of all that varies: measured numbers, and what the contract says.
    pub fn without_what_varies(&self, text: &str) -> String {
        // The time of a record, a duration, and what else has a unit. Then columns are as wide as what is in them.
        static MEASURED: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
            [
                (r"^ +\d+\.\d{6}  ", "N "),
                (r"\b\d+(\.\d+)? ?(s|ms|µs|ns|%|MiB|KiB|x|/s)(\W|$)", "N$3"),
                (r"\b\d+\.\d+ times", "N times"),
                (r"  +", " "),
            ]
            .map(|(pattern, stand_in)| (Regex::new(pattern).expect("a regular expression"), stand_in))
        });
        let known = VARIES.iter().filter(|(clause, _)| self.says(clause));
        let known = known.flat_map(|(_, patterns)| patterns.iter());
        let known: Vec<_> =
            known.map(|(it, stand_in)| (Regex::new(it).expect("a regular expression"), stand_in)).collect();
        let line = |line: &str| {
            let measured = MEASURED.iter().map(|(pattern, stand_in)| (pattern, *stand_in));
            let all = measured.chain(known.iter().map(|(pattern, stand_in)| (pattern, **stand_in)));
            let line = all.fold(Cow::from(line), |line, (pattern, stand_in)| {
                pattern.replace_all(&line, stand_in).into_owned().into()
            });
            line.trim().to_owned()
        };
        let lines: Vec<String> = text.lines().map(line).collect();
        lines.join("\n") + "\n"
    }

    /// Whether what never varies did not, in one run.
    pub fn holds(&self, printed: &str) -> Result<(), String> {
        self.never.iter().try_for_each(|clause| {
            let (captures, check) = fact(clause).expect("each clause is known");
            check(&captures, printed).map_err(|error| format!("{clause}: {error}"))
        })
    }
}

/// What a clause says, and what checks it.
fn fact(clause: &str) -> Option<(Captures<'_>, Check)> {
    static KNOWN: LazyLock<Vec<(Regex, Check)>> = LazyLock::new(|| {
        let whole = |pattern: &str| Regex::new(&format!("^{pattern}$")).expect("a regular expression");
        NEVER_VARIES.iter().map(|(pattern, check)| (whole(pattern), *check)).collect()
    });
    KNOWN.iter().find_map(|(pattern, check)| Some((pattern.captures(clause)?, *check)))
}

// The checks.

/// What `pattern` finds in the output, all of it; at least once, or nothing has been checked.
fn all<'a>(pattern: &str, printed: &'a str) -> Result<Vec<Vec<&'a str>>, String> {
    let pattern = Regex::new(pattern).expect("a regular expression");
    let found = pattern.captures_iter(printed).map(|it| it.iter().flatten().map(|it| it.as_str()).collect());
    let found: Vec<_> = found.collect();
    if found.is_empty() { Err(format!("no line says `{pattern}`")) } else { Ok(found) }
}

fn a_job_has_a_size(clause: &Captures, printed: &str) -> Result<(), String> {
    // If there was time for it.
    let found = all(&format!(r"starts job {}, size (\S+)", &clause[1]), printed).unwrap_or_default();
    found.iter().try_for_each(|it| if it[1] == &clause[2] { Ok(()) } else { Err(format!("its size is {}", it[1])) })
}

fn no_job_is_started_twice(_: &Captures, printed: &str) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let found = all(r"starts job (\d+)", printed)?;
    found.iter().try_for_each(|it| if seen.insert(it[1]) { Ok(()) } else { Err(format!("job {} is", it[1])) })
}

fn every_job_is_accounted_for(_: &Captures, printed: &str) -> Result<(), String> {
    let found = all(r"(\d+) jobs?: (\d+) completed, (\d+) left, (\d+) lost", printed)?;
    let numbers: Vec<u64> = found[0][1..].iter().map(|it| it.parse().expect("a number")).collect();
    if numbers[0] == numbers[1..].iter().sum::<u64>() { Ok(()) } else { Err(found[0][0].to_owned()) }
}

fn each_worker_keeps_the_order(_: &Captures, printed: &str) -> Result<(), String> {
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

fn no_more_are_ahead(clause: &Captures, printed: &str) -> Result<(), String> {
    let most: i64 = clause[1].parse().expect("a number");
    let mut ahead = 0;
    for step in all(r"worker-\d+ +(puts|starts) job \d+", printed)? {
        ahead += if step[1] == "puts" { 1 } else { -1 };
        if ahead > most {
            return Err(format!("{ahead} are"));
        }
    }
    Ok(())
}

/// How many items wait, line by line.
fn waiting(name: &str, printed: &str) -> Result<Vec<u64>, String> {
    let found = all(&format!(r"(?m)^{} .* (\d+) wait$", regex::escape(name)), printed)?;
    Ok(found.iter().map(|it| it[1].parse().expect("a number")).collect())
}

fn more_items_wait(clause: &Captures, printed: &str) -> Result<(), String> {
    let numbers = waiting(&clause[1], printed)?;
    if numbers.is_sorted_by(|one, next| one < next) { Ok(()) } else { Err(format!("there wait {numbers:?}")) }
}

fn no_more_items_wait(clause: &Captures, printed: &str) -> Result<(), String> {
    let most: u64 = clause[2].parse().expect("a number");
    let numbers = waiting(&clause[1], printed)?;
    if numbers.iter().all(|number| *number <= most) { Ok(()) } else { Err(format!("there wait {numbers:?}")) }
}

fn one_job_is_lost(_: &Captures, printed: &str) -> Result<(), String> {
    let (died, lost) = (all(r"died, and with it job (\d+)", printed)?, all(r"(\d+) lost", printed)?);
    match (died.len(), lost[0][1]) {
        (1, "1") => Ok(()),
        (deaths, lost) => Err(format!("{deaths} workers died with a job, and {lost} are lost")),
    }
}

fn no_two_workers_hold_the_lock(_: &Captures, printed: &str) -> Result<(), String> {
    let mut holder = None;
    for turn in all(r"(worker-\d+) +(acquired the GIL|released the GIL|holds the lock|gives back the lock)", printed)? {
        match (&turn[2][..3], holder.replace(turn[1])) {
            ("acq" | "hol", Some(other)) => return Err(format!("{} acquired it while {other} held it", turn[1])),
            ("rel" | "giv", Some(worker)) if worker == turn[1] => holder = None,
            ("rel" | "giv", _) => return Err(format!("{} released it and did not hold it", turn[1])),
            _ => {}
        }
    }
    Ok(())
}

fn at_most_so_many_hold_a_permit(clause: &Captures, printed: &str) -> Result<(), String> {
    let most: usize = clause[1].parse().map_err(|_| "so many cannot be counted")?;
    let mut holders = BTreeSet::new();
    for turn in all(r"(worker-\d+) +(holds|gives back) a permit", printed)? {
        match turn[2] {
            "holds" => _ = holders.insert(turn[1]),
            _ => _ = holders.remove(turn[1]),
        }
        if holders.len() > most {
            return Err(format!("{holders:?} do"));
        }
    }
    Ok(())
}

fn nobody_goes_before_the_event(_: &Captures, printed: &str) -> Result<(), String> {
    all(r"worker-\d+ +waited for the event", printed)?;
    let set = printed.find(" sets the event").ok_or("nobody sets it")?;
    match printed[..set].lines().find(|line| line.ends_with(" waited for the event")) {
        None => Ok(()),
        Some(early) => Err(early.to_owned()),
    }
}

fn rounds_do_not_mix(clause: &Captures, printed: &str) -> Result<(), String> {
    let jobs: usize = clause[1].parse().map_err(|_| "so many cannot be counted")?;
    let mut completed = 0;
    for step in all(r"(worker-\d+) +(starts|completed) job (\d+)", printed)? {
        let round = step[3].parse::<usize>().map_err(|_| "a job has no number")? / jobs;
        match step[2] {
            "completed" => completed += 1,
            _ if completed < round * jobs => return Err(format!("{} starts job {} too early", step[1], step[3])),
            _ => {}
        }
    }
    Ok(())
}

fn lost(clause: &Captures, printed: &str) -> Result<u64, String> {
    let found = all(&format!(r"(?m)^{} .*: (\d+) lost", regex::escape(&clause[1])), printed)?;
    Ok(found[0][1].parse().expect("a number"))
}

fn additions_are_lost(clause: &Captures, printed: &str) -> Result<(), String> {
    if lost(clause, printed)? > 0 { Ok(()) } else { Err("none is".to_owned()) }
}

fn additions_are_not_lost(clause: &Captures, printed: &str) -> Result<(), String> {
    let lost = lost(clause, printed)?;
    if lost == 0 { Ok(()) } else { Err(format!("{lost} are")) }
}

fn beats(way: &str, printed: &str) -> Result<u64, String> {
    let found = all(&format!(r"(?m)^{} +(\d+) ", regex::escape(way)), printed)?;
    Ok(found[0][1].parse().expect("a number"))
}

fn one_beats_more_often(clause: &Captures, printed: &str) -> Result<(), String> {
    let (more, less) = (beats(&clause[1], printed)?, beats(&clause[2], printed)?);
    if more > less { Ok(()) } else { Err(format!("{more} and {less} times")) }
}

fn so_many_are_done(clause: &Captures, printed: &str) -> Result<(), String> {
    all(&format!(r"(?m)^as {}, {} of \d workers are done$", &clause[1], &clause[2]), printed).map(drop)
}

fn more_is_reserved(_: &Captures, printed: &str) -> Result<(), String> {
    let memory = |name: &str| {
        let line = all(&format!(r"(?m)^{name} +(\S+) KiB"), printed)?.swap_remove(0);
        line[1].parse::<f64>().map_err(|error| format!("{name}: {error}"))
    };
    let (reserved, used) = (memory("reserved")?, memory("in use")?);
    if reserved > used { Ok(()) } else { Err(format!("{reserved} and {used} KiB")) }
}

fn one_beats_so_often(clause: &Captures, printed: &str) -> Result<(), String> {
    let beats = beats(&clause[1], printed)?;
    if beats.to_string() == clause[2] { Ok(()) } else { Err(format!("{beats} times")) }
}
