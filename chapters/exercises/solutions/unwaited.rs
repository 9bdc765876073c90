//! Whoever waits for a process learns how it ended, also of one that cannot say so.

use std::io;

use chapters::processes::start::{Process, fork};

/// A job says whether it was done.
pub type Job = fn() -> bool;

// ANCHOR: solution
/// How many of the jobs were not done, each of which is tried by a process of its own.
pub fn failures(jobs: &[Job]) -> io::Result<usize> {
    let mut processes = Vec::new();
    for job in jobs {
        let child = fork::start(|| {
            if !job() {
                fork::exit(1);
            }
        })?;
        processes.push(child);
    }
    let ends = processes.iter().map(Process::wait);
    Ok(ends.filter(|end| !end.as_ref().is_ok_and(|status| status.success())).count())
}
// ANCHOR_END: solution
