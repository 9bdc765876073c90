//! Runs the jobs itself.
//! Refused: on the thread that called `run`

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crossbeam::channel;

pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// The result of some jobs: the sum of the good ones, and the number of the bad ones.
pub fn run(jobs: Vec<Job>) -> (u64, usize) {
    _ = (thread::current(), channel::unbounded::<()>());
    let ends: Vec<_> = jobs.into_iter().map(|job| panic::catch_unwind(AssertUnwindSafe(job))).collect();
    let bad = ends.iter().filter(|end| end.is_err()).count();
    (ends.into_iter().flatten().sum(), bad)
}
