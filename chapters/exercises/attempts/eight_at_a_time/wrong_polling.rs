//! Starts a thread for each request, and waits in a loop.
//! Refused: threads at the same time

use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let working = std::sync::atomic::AtomicUsize::new(0);
    thread::scope(|scope| {
        for request in requests {
            let (answer, working) = (&answer, &working);
            scope.spawn(move || {
                while working.fetch_add(1, std::sync::atomic::Ordering::SeqCst) >= 8 {
                    working.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    thread::sleep(std::time::Duration::from_millis(1));
                }
                answer(request);
                working.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
    });
}
