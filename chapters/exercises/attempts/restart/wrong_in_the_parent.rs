//! Does the jobs in the parent.
//! Refused: The parent did a job itself

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// A job computes a number. It may also end its process.
pub type Job = fn() -> u64;

/// Does the jobs in order, in a worker process, and returns their results. A job that ends its process doesn't have a result, and
/// a new worker does the rest.
pub fn run(jobs: &[Job]) -> io::Result<Vec<Option<u64>>> {
    _ = (io::stdin().read(&mut []), io::stdout().write(&[]), fork::start(|| ())?.wait());
    Ok(jobs.iter().map(|job| Some(job())).collect())
}
