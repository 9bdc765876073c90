//! Threads share an iterator behind a mutex.

use std::sync::Mutex;
use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let requests = Mutex::new(requests.into_iter());
    let next = || requests.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(request) = next() {
                    answer(request);
                }
            });
        }
    });
}
