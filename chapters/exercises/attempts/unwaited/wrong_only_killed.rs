//! Counts the children that were killed, and not those that failed.
//! Refused: but the result is 2

use std::io;

use chapters::processes::start::{Process, fork};

/// A job returns whether it was done.
pub type Job = fn() -> bool;

/// The number of jobs that were not done. Each job runs in a process of its own.
pub fn failures(jobs: &[Job]) -> io::Result<usize> {
    let mut processes = Vec::new();
    for job in jobs {
        processes.push(fork::start(|| _ = job())?);
    }
    let ends = processes.iter().map(Process::wait);
    Ok(ends.filter(|end| !end.as_ref().is_ok_and(|status| status.success())).count())
}
