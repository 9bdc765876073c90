//! Remembers the threads that it has visited.

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
    let leads_back = |thread: &Thread| {
        let mut visited = Vec::new();
        let mut reached = next(thread);
        while let Some(other) = reached {
            if other.name == thread.name {
                return true;
            }
            if visited.contains(&other.name) {
                return false;
            }
            visited.push(other.name);
            reached = next(other);
        }
        false
    };
    threads.iter().filter(|thread| leads_back(thread)).map(|thread| thread.name).collect()
}
