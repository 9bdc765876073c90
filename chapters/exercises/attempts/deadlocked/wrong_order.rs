//! Reports the threads in the order of the circle.
//! Refused: it reports

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
    for thread in threads {
        let mut circle = vec![thread.name];
        let mut reached = next(thread);
        for _ in threads {
            match reached {
                Some(other) if other.name == thread.name => return circle,
                Some(other) => {
                    circle.push(other.name);
                    reached = next(other);
                }
                None => break,
            }
        }
    }
    Vec::new()
}
