//! Counts the threads of the process, and notices threads that poll. Linux knows both; elsewhere, nothing is noticed.

use std::fs;
use std::thread;
use std::time::Duration;

/// How long the threads are watched. A thread that sleeps a millisecond at a time wakes up hundreds of times.
const WATCHED: Duration = Duration::from_millis(300);

/// How often a blocked thread may be scheduled in that time, and for how many nanoseconds. It's hardly ever scheduled at all.
const TIMES: u64 = 20;
const NANOSECONDS: u64 = 20_000_000;

/// The threads of this process, by ID.
fn ids() -> Vec<String> {
    let entries = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// How many threads this process has, or 0 if the system doesn't tell.
pub fn count() -> usize {
    ids().len()
}

/// The same when no thread is ending: the system counts a thread until it has removed all that belonged to it, which is
/// after another thread has joined it. Gives up after about five seconds.
pub fn count_settled() -> usize {
    let mut last = count();
    for _ in 0..250 {
        thread::sleep(Duration::from_millis(20));
        let now = count();
        if now == last {
            break;
        }
        last = now;
    }
    last
}

/// How often the calling thread was scheduled.
pub fn mine() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split_whitespace().nth(2).and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// For how many nanoseconds the other threads have run, and how often they were scheduled.
fn activity() -> (u64, u64) {
    // The name of the link is `PID/task/TID`.
    let me = fs::read_link("/proc/thread-self").unwrap_or_default();
    let others = ids().into_iter().filter(|id| !me.ends_with(id));
    let stats = others.filter_map(|id| {
        let stat = fs::read_to_string(format!("/proc/self/task/{id}/schedstat")).ok()?;
        let mut numbers = stat.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
        let (nanoseconds, _waited, times) = (numbers.next()?, numbers.next()?, numbers.next()?);
        Some((nanoseconds, times))
    });
    stats.fold((0, 0), |sum, stat| (sum.0 + stat.0, sum.1 + stat.1))
}

/// Watches the other threads while they should all be blocked, and reports those that aren't.
///
/// # Errors
///
/// When a thread keeps waking up.
pub fn are_blocked(who: &str) -> Result<(), String> {
    thread::sleep(WATCHED / 10);
    let before = activity();
    thread::sleep(WATCHED);
    let after = activity();
    let (nanoseconds, times) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
    if times > TIMES || nanoseconds > NANOSECONDS {
        return Err(format!("{who} polls instead of waiting: its threads keep waking up, and there's nothing to do."));
    }
    Ok(())
}
