//! A deadlock detector: given what each thread holds and waits for, it reports which threads are deadlocked.
//!
//! Write `deadlocked`. It returns the threads that wait for themselves, either directly or through other threads. A
//! lock has at most one holder.

/// A thread, by its name, and locks, by theirs.
pub struct Thread {
    pub name: &'static str,
    pub holds: &'static [&'static str],
    pub waits_for: Option<&'static str>,
}

/// Returns the names of the threads that wait for each other in a circle, in the order of `threads`.
pub fn deadlocked(threads: &[Thread]) -> Vec<&'static str> {
    let is_held = |lock: &str| threads.iter().any(|thread| thread.holds.contains(&lock));
    let waits = |thread: &&Thread| thread.waits_for.is_some_and(is_held);
    threads.iter().filter(waits).map(|thread| thread.name).collect()
}
