//! The workers' loops end when the last sender has been dropped.

use std::thread;

use crossbeam::channel;

// ANCHOR: solution
/// The sum of the numbers, which four workers take from a queue.
pub fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    let (jobs, queue) = channel::unbounded();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let queue = queue.clone();
                scope.spawn(move || queue.iter().sum::<u64>())
            })
            .collect();
        numbers.for_each(|number| jobs.send(number).unwrap());
        drop(jobs);
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}
// ANCHOR_END: solution
