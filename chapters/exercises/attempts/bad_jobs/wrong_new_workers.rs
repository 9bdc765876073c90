//! Replaces a worker whose job panicked.
//! Refused: only two may be started

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crossbeam::channel;

pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// The result of some jobs: the sum of the good ones, and the number of the bad ones.
pub fn run(jobs: Vec<Job>) -> (u64, usize) {
    let (sender, queue) = channel::unbounded::<Job>();
    jobs.into_iter().for_each(|job| sender.send(job).unwrap());
    drop(sender);
    _ = panic::catch_unwind(AssertUnwindSafe(|| ()));
    let (sum, mut bad) = (std::sync::atomic::AtomicU64::new(0), 0);
    while !queue.is_empty() {
        let work = || queue.iter().for_each(|job| _ = sum.fetch_add(job(), std::sync::atomic::Ordering::SeqCst));
        let ends = thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|worker| worker.join()));
        bad += ends.iter().filter(|end| end.is_err()).count();
    }
    (sum.into_inner(), bad)
}
