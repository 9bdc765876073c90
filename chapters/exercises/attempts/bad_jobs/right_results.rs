//! Workers send each result.

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crossbeam::channel;

pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// The result of some jobs: the sum of the good ones, and the number of the bad ones.
pub fn run(jobs: Vec<Job>) -> (u64, usize) {
    let (sender, queue) = channel::unbounded::<Job>();
    jobs.into_iter().for_each(|job| sender.send(job).unwrap());
    drop(sender);
    let (results, ends) = channel::unbounded();
    thread::scope(|scope| {
        for _ in 0..2 {
            let (queue, results) = (queue.clone(), results.clone());
            scope.spawn(move || {
                while let Ok(job) = queue.recv() {
                    results.send(panic::catch_unwind(AssertUnwindSafe(job)).ok()).unwrap();
                }
            });
        }
    });
    drop(results);
    let ends: Vec<Option<u64>> = ends.iter().collect();
    (ends.iter().flatten().sum(), ends.iter().filter(|end| end.is_none()).count())
}
