//! Ends a worker after its first bad job.
//! Refused: and the result is

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crossbeam::channel;

pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// The result of some jobs: the sum of the good ones, and the number of the bad ones.
pub fn run(jobs: Vec<Job>) -> (u64, usize) {
    let (sender, queue) = channel::unbounded::<Job>();
    jobs.into_iter().for_each(|job| sender.send(job).unwrap());
    drop(sender);
    let work = || {
        let mut sum = 0;
        for job in queue.iter() {
            match panic::catch_unwind(AssertUnwindSafe(job)) {
                Ok(number) => sum += number,
                Err(_) => return (sum, 1),
            }
        }
        (sum, 0)
    };
    let ends = thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|worker| worker.join().unwrap()));
    (ends[0].0 + ends[1].0, ends[0].1 + ends[1].1)
}
