//! Ends a worker that waits for a while. On a busy machine, the break may be longer than that, and then the sum is too small.
//! Refused: a break of two seconds between two numbers

use std::thread;

use crossbeam::channel;

/// The sum of the numbers, which four workers take from a queue.
pub fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    let (jobs, queue) = channel::unbounded();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let queue = queue.clone();
                scope.spawn(move || {
                    std::iter::from_fn(|| queue.recv_timeout(std::time::Duration::from_millis(2500)).ok()).sum::<u64>()
                })
            })
            .collect();
        numbers.for_each(|number| jobs.send(number).unwrap());
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}
