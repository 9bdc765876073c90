//! Reports each thread whose path never ends, even if it only leads into a circle.
//! Refused: B and C wait for each other, A waits for B

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
    let is_stuck = |thread: &Thread| {
        let mut reached = next(thread);
        for _ in threads {
            reached = match reached {
                Some(other) => next(other),
                None => return false,
            };
        }
        reached.is_some()
    };
    threads.iter().filter(|thread| is_stuck(thread)).map(|thread| thread.name).collect()
}
