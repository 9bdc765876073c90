//! Starts all threads, and lets eight work.
//! Refused: threads at the same time

use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let (permits, queue) = crossbeam::channel::bounded(8);
    thread::scope(|scope| {
        for request in requests {
            let (answer, permits, queue) = (&answer, &permits, &queue);
            scope.spawn(move || {
                permits.send(()).unwrap();
                answer(request);
                queue.recv().unwrap();
            });
        }
    });
}
