//! Computes which threads each thread leads to.

/// A thread, by its name, and locks, by theirs.
pub struct Thread {
    pub name: &'static str,
    pub holds: &'static [&'static str],
    pub waits_for: Option<&'static str>,
}

/// Returns the names of the threads that wait for each other in a circle, in the order of `threads`.
pub fn deadlocked(threads: &[Thread]) -> Vec<&'static str> {
    let leads_to =
        |one: usize, other: usize| threads[one].waits_for.is_some_and(|lock| threads[other].holds.contains(&lock));
    let count = threads.len();
    let mut reaches: Vec<Vec<bool>> =
        (0..count).map(|one| (0..count).map(|other| leads_to(one, other)).collect()).collect();
    for middle in 0..count {
        for one in 0..count {
            for other in 0..count {
                reaches[one][other] |= reaches[one][middle] && reaches[middle][other];
            }
        }
    }
    (0..count).filter(|thread| reaches[*thread][*thread]).map(|thread| threads[thread].name).collect()
}
