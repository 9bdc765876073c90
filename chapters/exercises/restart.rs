//! Build a supervisor: it gives jobs to a worker process, and replaces the worker if it dies.
//!
//! - There's one worker at a time, and it does the jobs in order. A new one is forked only when the last one has died.
//! - A job that ends its process, in whatever way, doesn't get a result. It isn't done again, and the next worker does the
//!   jobs after it.
//! - The parent doesn't do a job itself. It doesn't start a thread, because a process with several threads can't be
//!   forked. It reaps every worker.
//! - While the worker computes, the parent is blocked.
//!
//! `chapters::processes::start::fork` starts processes, and `std::io::pipe` makes a pipe.

use std::io;

/// A job computes a number. It may also end its process.
pub type Job = fn() -> u64;

/// Does the jobs in order, in a worker process, and returns their results. A job that ends its process doesn't have a result, and
/// a new worker does the rest.
pub fn run(jobs: &[Job]) -> io::Result<Vec<Option<u64>>> {
    _ = jobs;
    todo!()
}
