//! Takes the sender out of an option.

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
        let mut jobs = Some(jobs);
        for number in numbers {
            jobs.as_ref().unwrap().send(number).unwrap();
        }
        jobs.take();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}
