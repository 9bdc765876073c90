//! Knowing that everybody waits, without waiting by the clock.

use std::time::Duration;

/// Returns true as soon as all of `threads`, paths below `/proc`, sleep at the same moment. Then nothing happens among
/// them any more until somebody else wakes one, or a timeout does. Returns false after `limit`.
///
/// Two looks in a row must find each of them asleep, and not to have been awake between: the system counts how often a
/// thread went to sleep. So all slept at the moment between the looks.
#[cfg(target_os = "linux")]
pub fn settle(threads: &[String], limit: Duration) -> bool {
    let begin = std::time::Instant::now();
    let mut last = None;
    while begin.elapsed() < limit {
        let look: Option<Vec<u64>> = threads.iter().map(|thread| asleep(thread)).collect();
        if look.is_some() && look == last {
            return true;
        }
        if look.is_none() {
            std::thread::park_timeout(Duration::from_micros(20));
        }
        last = look;
    }
    false
}

/// If the thread sleeps: how often it has gone to sleep so far. One that has ended sleeps for ever.
#[cfg(target_os = "linux")]
fn asleep(thread: &str) -> Option<u64> {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{thread}/status")) else { return Some(u64::MAX) };
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map_or("", str::trim);
    match field("State:").chars().next() {
        Some('S') => field("voluntary_ctxt_switches:").parse().ok(),
        Some('Z' | 'X') => Some(u64::MAX),
        _ => None,
    }
}

/// Elsewhere the system is not asked: time must do. Who has not come to rest by then is thought to wait, which can make
/// a scenario overlook a fault.
#[cfg(not(target_os = "linux"))]
pub fn settle(_threads: &[String], _limit: Duration) -> bool {
    std::thread::sleep(Duration::from_millis(200));
    true
}
