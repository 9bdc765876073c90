//! Threads share an iterator behind a mutex, and send the panics to the caller.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, mpsc};
use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let requests = Mutex::new(requests.into_iter());
    let next = &|| requests.lock().unwrap().next();
    let (sender, panics) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..8 {
            let (sender, answer) = (sender.clone(), &answer);
            scope.spawn(move || {
                while let Some(request) = next() {
                    if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| answer(request))) {
                        sender.send(payload).unwrap();
                    }
                }
            });
        }
    });
    if let Ok(payload) = panics.try_recv() {
        panic::resume_unwind(payload);
    }
}
