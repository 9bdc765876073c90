//! Polls the queue, with a flag for the end of the numbers.
//! Refused: polls instead of waiting

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use crossbeam::channel;

/// Sets a flag when it's dropped.
struct Flag<'a>(&'a AtomicBool);

impl Drop for Flag<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// The sum of the numbers, which four workers take from a queue.
pub fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    let (jobs, queue) = channel::unbounded();
    let is_over = &AtomicBool::new(false);
    thread::scope(|scope| {
        let flag = Flag(is_over);
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let queue = queue.clone();
                scope.spawn(move || {
                    let mut sum = 0;
                    loop {
                        let last = is_over.load(SeqCst);
                        match queue.try_recv() {
                            Ok(number) => sum += number,
                            Err(_) if last => return sum,
                            Err(_) => thread::yield_now(),
                        }
                    }
                })
            })
            .collect();
        numbers.for_each(|number| jobs.send(number).unwrap());
        drop(flag);
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}
