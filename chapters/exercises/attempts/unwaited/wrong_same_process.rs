//! Runs the jobs in the parent.
//! Refused: before the check did

use std::io;

/// A job returns whether it was done.
pub type Job = fn() -> bool;

/// The number of jobs that were not done. Each job runs in a process of its own.
pub fn failures(jobs: &[Job]) -> io::Result<usize> {
    Ok(jobs.iter().filter(|job| !job()).count())
}
