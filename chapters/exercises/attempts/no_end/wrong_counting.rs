//! Counts the numbers.
//! Refused: polls instead of waiting

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use crossbeam::channel;

/// The sum of the numbers, which four workers take from a queue.
pub fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    let (jobs, queue) = channel::unbounded();
    let (sent, done) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
    thread::scope(|scope| {
        let workers = [(); 4].map(|()| {
            scope.spawn(|| {
                let mut sum = 0;
                while done.load(SeqCst) < sent.load(SeqCst) {
                    if let Ok(number) = queue.try_recv() {
                        sum += number;
                        done.fetch_add(1, SeqCst);
                    } else {
                        thread::sleep(std::time::Duration::from_millis(1));
                    }
                }
                sum
            })
        });
        let count = numbers.map(|number| jobs.send(number).unwrap()).count();
        sent.store(count as u64, SeqCst);
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}
