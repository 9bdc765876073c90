//! Checks `restart`: each job writes its number and its process to a pipe, and some kill their process.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, IntoRawFd};
use std::process;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use chapters::processes::shared::{Shared, Words};
use checks::threads::{Looks, Thread};
use checks::{Check, Checks};
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::waitpid;

use super::restart::{Job, run};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("There are no jobs.", || check(&[])),
    Check::new("From one to six jobs end normally.", || (1..=6).try_for_each(|count| check(&[Good; 6][..count]))),
    Check::new("The second of four jobs kills its process.", || check(&[Good, Killed, Good, Good])),
    Check::new("The first and the last of four jobs kill their process.", || check(&[Killed, Good, Good, Killed])),
    Check::new("Two jobs in a row kill their process, and one exits with status 3.", || {
        check(&[Good, Killed, Killed, Good, Exits, Good])
    }),
    Check::new("A job takes a while.", idle),
    Check::new("The first, the third, and the last of five jobs exit with status 0.", || {
        count_starts()?;
        check(&[Leaves, Good, Leaves, Good, Leaves])
    }),
]);

/// How a job ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Good,
    Killed,
    Exits,
    Leaves,
}
use End::{Exits, Good, Killed, Leaves};

/// The writing end of the pipe to which each job writes when it begins.
static BEGUN: AtomicI32 = AtomicI32::new(-1);

/// The process of the check.
static PARENT: AtomicU32 = AtomicU32::new(0);

/// How often each job was started, in the last check.
static STARTS: OnceLock<Words> = OnceLock::new();

/// A job that was started more often than this kills its process, so that a supervisor that starts it again and again ends.
const MOST: usize = 3;

/// Lets the jobs count their starts.
fn count_starts() -> Result<(), String> {
    let cannot = |error: std::io::Error| error.to_string();
    let memory = Arc::new(Shared::new(6).map_err(cannot)?);
    _ = STARTS.set(memory.at(memory.place(6).map_err(cannot)?, 6).map_err(cannot)?);
    Ok(())
}

/// A job with a number, which is also its result.
fn job<const NUMBER: u8>(end: End) -> u64 {
    // SAFETY: The check opened it, and it's closed only after the last job.
    let mut begun = std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(BEGUN.load(Relaxed)) });
    let mut message = vec![NUMBER];
    message.extend(process::id().to_le_bytes());
    begun.write_all(&message).expect("the check reads");
    match end {
        Good => u64::from(NUMBER) * 10,
        Killed => u64::from(raise(Signal::SIGKILL).is_err()),
        Exits => process::exit(3),
        Leaves => {
            let starts = STARTS.get().map_or(0, |starts| starts[usize::from(NUMBER)].fetch_add(1, Relaxed) as usize);
            if starts < MOST { process::exit(0) } else { u64::from(raise(Signal::SIGKILL).is_err()) }
        }
    }
}

/// The job in a place, which ends in some way.
fn at(place: usize, end: End) -> Job {
    macro_rules! jobs {
        ($($number:literal)*) => {
            [$([|| job::<$number>(Good), || job::<$number>(Killed), || job::<$number>(Exits), || job::<$number>(Leaves)] as [Job; 4]),*]
        };
    }
    jobs!(0 1 2 3 4 5)[place][end as usize]
}

fn check(ends: &[End]) -> Result<(), String> {
    let cannot = |error: std::io::Error| error.to_string();
    let (mut reader, writer) = std::io::pipe().map_err(cannot)?;
    BEGUN.store(writer.into_raw_fd(), Relaxed);
    let jobs: Vec<Job> = ends.iter().enumerate().map(|(place, end)| at(place, *end)).collect();
    let results = run(&jobs).map_err(|error| format!("`run` returns an error: {error}."))?;
    let zombies = std::iter::from_fn(|| waitpid(None, None).ok()).count();
    // SAFETY: The number is that of the pipe, and no job uses it any more.
    drop(unsafe { File::from_raw_fd(BEGUN.load(Relaxed)) });
    let mut begun = Vec::new();
    reader.read_to_end(&mut begun).map_err(cannot)?;
    let begun: Vec<(u8, &[u8])> = begun.chunks_exact(5).map(|message| (message[0], &message[1..])).collect();
    for place in 0..ends.len() {
        let times = begun.iter().filter(|(number, _)| usize::from(*number) == place).count();
        if times != 1 {
            return Err(format!("Job {place} was started {times} times instead of once."));
        }
    }
    let order: Vec<u8> = begun.iter().map(|(number, _)| *number).collect();
    if !order.is_sorted() {
        return Err(format!("The jobs were started in the order {order:?}."));
    }
    let expected: Vec<Option<u64>> =
        (0..).zip(ends).map(|(number, end)| (*end == Good).then_some(number * 10)).collect();
    if results != expected {
        return Err(format!("The results are {results:?}, and should be {expected:?}."));
    }
    if begun.iter().any(|(_, id)| *id == process::id().to_le_bytes()) {
        return Err("The parent did a job itself, which could have killed it.".to_owned());
    }
    let deaths = ends.iter().filter(|end| **end != Good).count();
    let mut ids: Vec<&[u8]> = begun.iter().map(|(_, id)| *id).collect();
    ids.dedup();
    let needed = deaths + usize::from(ends.last() == Some(&Good));
    if ids.len() != needed {
        return Err(format!(
            "The number of worker processes was {} instead of {needed}. There were {}, and {deaths} of them ended the process.",
            ids.len(),
            checks::count(ends.len(), "job")
        ));
    }
    match zombies {
        0 => Ok(()),
        1 => Err("A worker process was never waited for: it's a zombie.".to_owned()),
        _ => Err(format!("{zombies} worker processes were never waited for: each is a zombie.")),
    }
}

fn idle() -> Result<(), String> {
    PARENT.store(process::id(), Relaxed);
    let slow: Job = || if is_polling(PARENT.load(Relaxed)) { 0 } else { process::id().into() };
    let results = run(&[slow]).map_err(|error| error.to_string())?;
    match results[..] {
        [Some(id)] if id == u64::from(process::id()) => {
            Err("The parent did a job itself, which could have killed it.".to_owned())
        }
        [Some(0)] => {
            Err("The parent polls instead of waiting: while the job is running, it keeps waking up.".to_owned())
        }
        [Some(_)] => Ok(()),
        _ => Err(format!("There is one job, and the results are {results:?}.")),
    }
}

/// Waits until the parent is found blocked at several looks in a row, or too often not. On a busy machine, one that polls is
/// scheduled less often, but it's never found blocked.
fn is_polling(parent: u32) -> bool {
    const TIMES: u64 = 50;
    const RUNNING: usize = 200;
    if parent == process::id() {
        return false;
    }
    let parent = Thread::of_process(parent);
    let (before, mut running, mut looks) = (parent.times(), 0, Looks::default());
    while !looks.are_blocked(std::slice::from_ref(&parent)) {
        running += usize::from(!parent.is_blocked());
        if parent.times() - before > TIMES || running > RUNNING {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}
