//! Checks `unwaited`.

use checks::threads::{Looks, Thread};
use checks::{Check, Checks};
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::waitpid;
use nix::unistd::{getpid, getppid};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use chapters::processes::shared::{Shared, Words};

use super::unwaited::{Job, failures};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("Of six jobs, one fails and two are killed.", check),
    Check::new("There are no jobs, or one.", few),
    Check::new("There are two jobs, and the first one waits for the second one.", together).or_hangs(
        "Either the second job wasn't started before the first one had ended, or the parent still waits after both.",
    ),
    Check::new("There is one job, which takes a while.", is_watched),
    Check::new("Of three jobs, two call `exit(0)`.", exit),
]);

/// The time between two looks at the parent.
const PAUSE: Duration = Duration::from_millis(10);

/// How often the parent may be scheduled, and at how many looks it may be running, before it's found blocked at several looks in a
/// row. On a busy machine, one that polls is scheduled less often, but it's never found blocked.
const TIMES: u64 = 50;
const RUNNING: usize = 200;

/// The jobs' reports: how many of them have begun, how many ran in the parent, and whether the parent polled.
static SAID: OnceLock<Words> = OnceLock::new();

/// The process of the check.
static PARENT: AtomicU32 = AtomicU32::new(0);

fn said() -> &'static Words {
    SAID.get().expect("the check begins with it")
}

fn check() -> Result<(), String> {
    PARENT.store(process::id(), Relaxed);
    let memory = Arc::new(Shared::new(3).map_err(|error| error.to_string())?);
    let place = memory.place(3).map_err(|error| error.to_string())?;
    _ = SAID.set(memory.at(place, 3).map_err(|error| error.to_string())?);
    let done: Job = || begin(true);
    let fails: Job = || begin(false);
    let killed: Job = || begin(raise(Signal::SIGKILL).is_err());
    let counted = failed(&[done, fails, killed, done, killed, done])?;
    match (counted, unwaited()) {
        (3, 0) => {}
        (3, 1) => return Err("One of the 6 processes was never waited for: it's a zombie.".to_owned()),
        (3, unwaited) => {
            return Err(format!("{unwaited} of the 6 processes were never waited for: each is a zombie."));
        }
        (counted, _) => return Err(format!("Of 6 jobs, 1 failed and 2 were killed, but the result is {counted}.")),
    }
    if said()[1].load(Relaxed) > 0 {
        return Err("The parent runs jobs itself.".to_owned());
    }
    Ok(())
}

/// The number of children that haven't been reaped.
fn unwaited() -> usize {
    std::iter::from_fn(|| waitpid(None, None).ok()).count()
}

/// Begins a job.
fn begin(is_done: bool) -> bool {
    said()[0].fetch_add(1, Relaxed);
    if getpid().as_raw() as u32 == PARENT.load(Relaxed) {
        said()[1].fetch_add(1, Relaxed);
    }
    is_done
}

/// The pipe through which one job waits for another one.
static PIPE: OnceLock<(PipeReader, PipeWriter)> = OnceLock::new();

/// A job that waits for another one, which is started after it.
fn waits() -> bool {
    PIPE.get().is_some_and(|pipe| (&pipe.0).read_exact(&mut [0]).is_ok())
}

/// The other one.
fn lets_go_on() -> bool {
    PIPE.get().is_some_and(|pipe| (&pipe.1).write_all(&[0]).is_ok())
}

/// A job that watches the parent.
fn watches() -> bool {
    begin(true);
    let parent = Thread::of_process(getppid().as_raw() as u32);
    let (before, mut running, mut looks) = (parent.times(), 0, Looks::default());
    while !looks.are_blocked(std::slice::from_ref(&parent)) {
        running += usize::from(!parent.is_blocked());
        if parent.times() - before > TIMES || running > RUNNING {
            said()[2].store(1, Relaxed);
            break;
        }
        thread::sleep(PAUSE);
    }
    true
}

fn failed(jobs: &[Job]) -> Result<usize, String> {
    failures(jobs).map_err(|error| format!("`failures` returns an error: {error}."))
}

/// An empty list of jobs, or a single job.
fn few() -> Result<(), String> {
    match failed(&[])? {
        0 => {}
        counted => return Err(format!("There are no jobs, and the result is {counted}.")),
    }
    match (failed(&[|| begin(true)])?, unwaited()) {
        (0, 0) => Ok(()),
        (0, _) => Err("A process was never waited for: it's a zombie.".to_owned()),
        (counted, _) => Err(format!("The only job was done, and the result is {counted}.")),
    }
}

/// A job waits for another one.
fn together() -> Result<(), String> {
    _ = PIPE.set(io::pipe().map_err(|error| error.to_string())?);
    match failed(&[waits, lets_go_on])? {
        0 => Ok(()),
        counted => Err(format!("Two jobs were done, one of which waits for the other, and the result is {counted}.")),
    }
}

/// A job watches the parent.
fn is_watched() -> Result<(), String> {
    match (failed(&[watches])?, said()[2].load(Relaxed), unwaited()) {
        (0, 0, 0) => Ok(()),
        (0, _, 0) => Err("The parent polls: while a job is running, it keeps waking up.".to_owned()),
        (0, _, _) => Err("A process was never waited for: it's a zombie.".to_owned()),
        (counted, _, _) => Err(format!("The only job was done, and the result is {counted}.")),
    }
}

/// Jobs end their processes with the exit status 0.
fn exit() -> Result<(), String> {
    let (done, exits): (Job, Job) = (|| begin(true), || process::exit(i32::from(!begin(true))));
    match (failed(&[exits, done, exits])?, unwaited()) {
        (2, 0) => Ok(()),
        (2, _) => Err("A process was never waited for: it's a zombie.".to_owned()),
        (counted, _) => {
            Err(format!("Of 3 jobs, two called `exit(0)`, so they didn't return true, and the result is {counted}."))
        }
    }
}
