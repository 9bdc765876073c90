//! Starts a thread for each job.
//! Refused: only two may be started

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crossbeam::channel;

pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// The result of some jobs: the sum of the good ones, and the number of the bad ones.
pub fn run(jobs: Vec<Job>) -> (u64, usize) {
    _ = (channel::unbounded::<()>(), panic::catch_unwind(AssertUnwindSafe(|| ())));
    let ends: Vec<_> = jobs.into_iter().map(|job| thread::spawn(job).join()).collect();
    let bad = ends.iter().filter(|end| end.is_err()).count();
    (ends.into_iter().flatten().sum(), bad)
}
