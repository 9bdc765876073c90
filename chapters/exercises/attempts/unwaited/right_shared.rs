//! Counts the jobs that were done in shared memory.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use chapters::processes::shared::Shared;
use chapters::processes::start::fork;

/// A job returns whether it was done.
pub type Job = fn() -> bool;

/// The number of jobs that were not done. Each job runs in a process of its own.
pub fn failures(jobs: &[Job]) -> io::Result<usize> {
    let memory = Arc::new(Shared::new(1)?);
    let done = memory.at(memory.place(1)?, 1)?;
    let mut children = Vec::new();
    for job in jobs {
        children.push(fork::start(|| {
            if job() {
                done[0].fetch_add(1, Relaxed);
            }
        })?);
    }
    for child in children {
        child.wait()?;
    }
    Ok(jobs.len() - done[0].load(Relaxed) as usize)
}
