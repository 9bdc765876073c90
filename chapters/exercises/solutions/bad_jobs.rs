//! The panic is caught around the job, so the worker continues.

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crossbeam::channel;

pub type Job = Box<dyn FnOnce() -> u64 + Send>;

// ANCHOR: solution
/// The result of some jobs: the sum of the good ones, and the number of the bad ones.
pub fn run(jobs: Vec<Job>) -> (u64, usize) {
    let (sender, queue) = channel::unbounded();
    jobs.into_iter().for_each(|job| sender.send(job).unwrap());
    drop(sender);
    let work = || {
        let (mut sum, mut bad) = (0, 0);
        for job in queue.iter() {
            match panic::catch_unwind(AssertUnwindSafe(job as Job)) {
                Ok(number) => sum += number,
                Err(_) => bad += 1,
            }
        }
        (sum, bad)
    };
    let ends = thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|worker| worker.join().unwrap()));
    ends.into_iter().fold((0, 0), |(sum, bad), end| (sum + end.0, bad + end.1))
}
// ANCHOR_END: solution
