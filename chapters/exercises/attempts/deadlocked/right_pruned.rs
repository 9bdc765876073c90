//! Removes threads that can go on, or that no thread waits for, until only circles are left.

/// A thread, by its name, and locks, by theirs.
pub struct Thread {
    pub name: &'static str,
    pub holds: &'static [&'static str],
    pub waits_for: Option<&'static str>,
}

/// Returns the names of the threads that wait for each other in a circle, in the order of `threads`.
pub fn deadlocked(threads: &[Thread]) -> Vec<&'static str> {
    let mut left: Vec<&Thread> = threads.iter().collect();
    loop {
        let keeps = |thread: &&&Thread| {
            let waits = left.iter().any(|other| thread.waits_for.is_some_and(|lock| other.holds.contains(&lock)));
            let is_awaited = left.iter().any(|other| other.waits_for.is_some_and(|lock| thread.holds.contains(&lock)));
            waits && is_awaited
        };
        let kept: Vec<&Thread> = left.iter().filter(keeps).copied().collect();
        if kept.len() == left.len() {
            return kept.into_iter().map(|thread| thread.name).collect();
        }
        left = kept;
    }
}
