//! Sends the numbers in a block that owns the sender.

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
        {
            let jobs = jobs;
            for number in numbers {
                jobs.send(number).unwrap();
            }
        }
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}
