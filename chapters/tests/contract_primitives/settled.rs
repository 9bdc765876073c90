//! Finding out whether all threads are waiting, without relying on time.

use std::time::Duration;

/// Returns true as soon as all of `threads`, paths below `/proc`, are asleep at the same time, and false after `limit`.
///
/// When all are asleep, only another thread or a timeout can wake one of them. The function polls twice. Each thread
/// must be asleep both times, and must not have been awake in between, which it knows because the system counts how
/// many times a thread went to sleep. So all of them were asleep between the two polls.
#[cfg(target_os = "linux")]
pub fn settle(threads: &[String], limit: Duration) -> bool {
    let begin = std::time::Instant::now();
    let mut last = None;
    while begin.elapsed() < limit {
        let now: Option<Vec<u64>> = threads.iter().map(|thread| asleep(thread)).collect();
        if now.is_some() && now == last {
            return true;
        }
        if now.is_none() {
            std::thread::park_timeout(Duration::from_micros(20));
        }
        last = now;
    }
    false
}

/// Returns how many times the thread went to sleep, or `None` if it isn't asleep. A thread that has ended
/// or was stopped counts as asleep.
#[cfg(target_os = "linux")]
fn asleep(thread: &str) -> Option<u64> {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{thread}/status")) else { return Some(u64::MAX) };
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map_or("", str::trim);
    match field("State:").chars().next() {
        Some('S' | 'T') => field("voluntary_ctxt_switches:").parse().ok(),
        Some('Z' | 'X') => Some(u64::MAX),
        _ => None,
    }
}

/// Sleeps, because `/proc` is specific to Linux. An actor that hasn't answered by then counts as waiting, so a scenario
/// may overlook a fault.
#[cfg(not(target_os = "linux"))]
pub fn settle(_threads: &[String], _limit: Duration) -> bool {
    std::thread::sleep(Duration::from_millis(200));
    true
}
