//! Sends four messages that mean the end.
//! Refused: panics while it reads

use std::thread;

use crossbeam::channel;

/// The sum of the numbers, which four workers take from a queue.
pub fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    let (jobs, queue) = channel::unbounded();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let queue = queue.clone();
                scope.spawn(move || queue.iter().map_while(|number: Option<u64>| number).sum::<u64>())
            })
            .collect();
        numbers.for_each(|number| jobs.send(Some(number)).unwrap());
        (0..4).for_each(|_| jobs.send(None).unwrap());
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}
