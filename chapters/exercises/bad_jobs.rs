//! Two workers run the jobs on a queue. A job that panics ends its worker, and the worker's results are lost.
//!
//! Make every good job count, and count the bad ones. Start no more than two threads.

use std::thread;

use crossbeam::channel;

pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// The result of some jobs: the sum of the good ones, and the number of the bad ones.
pub fn run(jobs: Vec<Job>) -> (u64, usize) {
    let (sender, queue) = channel::unbounded();
    jobs.into_iter().for_each(|job| sender.send(job).unwrap());
    drop(sender);
    let work = || queue.iter().map(|job: Job| job()).sum::<u64>();
    let ends = thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|worker| worker.join()));
    let bad = ends.iter().filter(|end| end.is_err()).count();
    (ends.into_iter().flatten().sum(), bad)
}
