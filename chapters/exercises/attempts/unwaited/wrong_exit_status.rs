//! Counts the children whose exit status means a failure.
//! Refused: called `exit(0)`

use std::io;

use chapters::processes::start::fork;

/// A job returns whether it was done.
pub type Job = fn() -> bool;

/// The number of jobs that were not done. Each job runs in a process of its own.
pub fn failures(jobs: &[Job]) -> io::Result<usize> {
    let mut children = Vec::new();
    for job in jobs {
        children.push(fork::start(|| fork::exit(if job() { 0 } else { 3 }))?);
    }
    let mut failures = 0;
    for child in children {
        if child.wait()?.code() != Some(0) {
            failures += 1;
        }
    }
    Ok(failures)
}
