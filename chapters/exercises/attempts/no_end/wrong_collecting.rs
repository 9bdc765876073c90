//! Collects the numbers first, so that their count is known.
//! Refused: there are 0 worker threads

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use crossbeam::channel;

/// The sum of the numbers, which four workers take from a queue.
pub fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    let (jobs, queue) = channel::unbounded();
    let count = numbers.map(|number| jobs.send(number).unwrap()).count();
    let taken = AtomicUsize::new(0);
    thread::scope(|scope| {
        let work = || {
            let mut sum = 0;
            while taken.fetch_add(1, SeqCst) < count {
                sum += queue.recv().unwrap();
            }
            sum
        };
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}
