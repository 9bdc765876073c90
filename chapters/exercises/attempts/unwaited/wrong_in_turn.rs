//! Waits for each child before it starts the next one.
//! Refused: the second job wasn't started before the first one had ended

use std::io;

use chapters::processes::start::fork;

/// A job returns whether it was done.
pub type Job = fn() -> bool;

/// The number of jobs that were not done. Each job runs in a process of its own.
pub fn failures(jobs: &[Job]) -> io::Result<usize> {
    let mut failures = 0;
    for job in jobs {
        let child = fork::start(|| fork::exit(if job() { 0 } else { 1 }))?;
        failures += usize::from(!child.wait()?.success());
    }
    Ok(failures)
}
