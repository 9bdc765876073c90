//! Waiting for a process returns how it ended, even if it could not report anything.

use std::io;

use chapters::processes::start::{Process, fork};

/// A job returns whether it was done.
pub type Job = fn() -> bool;

// ANCHOR: solution
/// The number of jobs that were not done. Each job runs in a process of its own.
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
