//! A deadlock detector: given what each thread holds and waits for, it says which threads have deadlocked.
//!
//! Write `deadlocked`. A waiting thread hasn't deadlocked if the lock that it waits for will be released: if you follow
//! the locks from thread to thread, a deadlock leads back to the thread that you started with.

/// A thread, by its name, and locks, by theirs.
pub struct Thread {
    pub name: &'static str,
    pub holds: &'static [&'static str],
    pub waits_for: Option<&'static str>,
}

/// Returns the names of the threads that wait for each other in a circle, in the order of `threads`.
///
/// A thread outside of the circle isn't one of them, even if it waits for a lock that a thread in the circle holds.
pub fn deadlocked(threads: &[Thread]) -> Vec<&'static str> {
    let is_held = |lock: &str| threads.iter().any(|thread| thread.holds.contains(&lock));
    let waits = |thread: &&Thread| thread.waits_for.is_some_and(is_held);
    threads.iter().filter(waits).map(|thread| thread.name).collect()
}
