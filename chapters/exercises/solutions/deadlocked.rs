//! Follows the locks from each thread, and reports the thread if the path leads back to it.

/// A thread, by its name, and locks, by theirs.
pub struct Thread {
    pub name: &'static str,
    pub holds: &'static [&'static str],
    pub waits_for: Option<&'static str>,
}

// ANCHOR: solution
/// Returns the names of the threads that wait for each other in a circle, in the order of `threads`.
pub fn deadlocked(threads: &[Thread]) -> Vec<&'static str> {
    let next = |thread: &Thread| {
        let lock = thread.waits_for?;
        threads.iter().find(|other| other.holds.contains(&lock))
    };
    let is_in_a_circle = |thread: &Thread| {
        let mut reached = next(thread);
        // A path that doesn't lead back after as many steps as there are threads never does.
        for _ in threads {
            match reached {
                Some(other) if other.name == thread.name => return true,
                Some(other) => reached = next(other),
                None => return false,
            }
        }
        false
    };
    threads.iter().filter(|thread| is_in_a_circle(thread)).map(|thread| thread.name).collect()
}
// ANCHOR_END: solution
