//! Polls the number of threads before it starts another one.
//! Refused: `answer_all` polls instead of waiting

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let running = AtomicUsize::new(0);
    thread::scope(|scope| {
        for request in requests {
            while running.load(SeqCst) >= 8 {
                thread::sleep(Duration::from_millis(1));
            }
            running.fetch_add(1, SeqCst);
            let (answer, running) = (&answer, &running);
            scope.spawn(move || {
                answer(request);
                running.fetch_sub(1, SeqCst);
            });
        }
    });
}
