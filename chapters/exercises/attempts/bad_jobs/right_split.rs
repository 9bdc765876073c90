//! Deals the jobs out to two workers.

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crossbeam::channel;

pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// The result of some jobs: the sum of the good ones, and the number of the bad ones.
pub fn run(jobs: Vec<Job>) -> (u64, usize) {
    let mut one = jobs;
    let two = one.split_off(one.len() / 2);
    let work = |jobs: Vec<Job>| {
        let ends: Vec<_> = jobs.into_iter().map(|job| panic::catch_unwind(AssertUnwindSafe(job))).collect();
        let bad = ends.iter().filter(|end| end.is_err()).count();
        (ends.into_iter().flatten().sum::<u64>(), bad)
    };
    _ = channel::unbounded::<()>();
    thread::scope(|scope| {
        let ends = [one, two].map(|jobs| scope.spawn(move || work(jobs))).map(|worker| worker.join().unwrap());
        (ends[0].0 + ends[1].0, ends[0].1 + ends[1].1)
    })
}
