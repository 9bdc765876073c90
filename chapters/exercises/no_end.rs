//! Four workers add up the numbers on a queue. Each should end when no more numbers will come, but they never do.
//!
//! Make them end. You may not count the numbers, wait for a timeout, poll, or send a number that marks the end.

use std::thread;

use crossbeam::channel;

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
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}
