//! Checks `end_of_pipe`.

use super::end_of_pipe::sum;
use checks::threads::Thread;
use checks::{Check, Checks};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid, getppid};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use chapters::processes::start::fork;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("20 child processes write a number each.", check).or_hangs(
    "The children have exited, and the parent waits for the end of the pipe. Somewhere there's still a copy of the writing end.",
)]);

/// A child that's watching its parent watches it for this long.
const WATCHED: Duration = Duration::from_millis(300);

/// How often the parent may be scheduled in that time. It's blocked, so it hardly ever is.
const TIMES: u64 = 5;

/// A pipe from the child processes to the check.
struct Reports {
    reader: File,
    writer: File,
}

impl Reports {
    fn new() -> Result<Self, String> {
        let (reader, writer) = io::pipe().map_err(|error| error.to_string())?;
        let file = |end: std::os::fd::OwnedFd| File::from(end);
        Ok(Self { reader: file(reader.into()), writer: file(writer.into()) })
    }

    /// Reports a line.
    fn say(&self, line: &str) {
        (&self.writer).write_all(format!("{line}\n").as_bytes()).expect("the check reads");
    }

    /// All lines. The children have ended.
    fn lines(self) -> Result<Vec<String>, String> {
        drop(self.writer);
        let mut text = String::new();
        let mut reader = self.reader;
        reader.read_to_string(&mut text).map_err(|error| error.to_string())?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

fn check() -> Result<(), String> {
    all_write()?;
    some_write()?;
    nobody_writes()?;
    one_is_late()
}

/// Every child writes a number.
fn all_write() -> Result<(), String> {
    let reports = Reports::new()?;
    let sum = sum(20, |child| {
        reports.say(&getpid().to_string());
        3 * child
    });
    let sum = sum.map_err(|error| error.to_string())?;
    reap()?;
    let processes: BTreeSet<String> = reports.lines()?.into_iter().collect();
    if processes.contains(&getpid().to_string()) {
        return Err("The parent calls `number` itself.".to_owned());
    }
    match (sum, processes.len()) {
        (_, count @ ..20) => Err(format!(
            "Each of the 20 numbers belongs to a process of its own, and the number of processes was {count}."
        )),
        (570, _) => Ok(()),
        (other, _) => Err(format!("The numbers from 0 to 19, times 3, add up to 570, not to {other}.")),
    }
}

/// Some children exit without a number.
fn some_write() -> Result<(), String> {
    let sum = sum(6, |child| match child {
        0 | 3 => fork::exit(0),
        child => child,
    });
    match sum {
        Ok(12) => reap(),
        Ok(other) => {
            Err(format!("Children 0 and 3 of 6 exit without a number. The others add up to 12, not to {other}."))
        }
        Err(error) => Err(format!("Children 0 and 3 of 6 exit without a number, and `sum` returns an error: {error}.")),
    }
}

/// Without children, the pipe ends at once.
fn nobody_writes() -> Result<(), String> {
    match sum(0, |_| 1) {
        Ok(0) => Ok(()),
        other => Err(format!("Without children, `sum` returns {other:?}.")),
    }
}

/// A child watches the parent before it writes.
fn one_is_late() -> Result<(), String> {
    let reports = Reports::new()?;
    let sum = sum(2, |child| {
        if child == 1 {
            let parent = Thread::of_process(getppid().as_raw() as u32);
            // It starts children, and then it waits.
            thread::sleep(WATCHED / 3);
            let before = parent.times();
            thread::sleep(WATCHED);
            reports.say(&(parent.times() - before).to_string());
        }
        40 + child
    });
    let sum = sum.map_err(|error| error.to_string())?;
    reap()?;
    let lines = reports.lines()?;
    let times = lines.first().and_then(|line| line.parse::<u64>().ok());
    match (sum, times) {
        (81, Some(0..=TIMES)) => Ok(()),
        (81, Some(_)) => Err("The parent polls: while a child takes its time, the parent keeps waking up.".to_owned()),
        (81, None) => Err("The child that takes its time never ran.".to_owned()),
        (sum, _) => Err(format!("Two children write 40 and 41, one of them late, and the sum is {sum}.")),
    }
}

/// Finds children that weren't waited for.
fn reap() -> Result<(), String> {
    match std::iter::from_fn(|| waitpid(None::<Pid>, None).ok()).count() {
        0 => Ok(()),
        1 => Err("A child process was never waited for: it's a zombie.".to_owned()),
        left => Err(format!("{left} child processes were never waited for: each is a zombie.")),
    }
}
