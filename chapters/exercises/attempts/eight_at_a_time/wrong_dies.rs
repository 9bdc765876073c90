//! A panic ends one of the eight threads.
//! Refused: of 40 requests had been answered

use std::thread;

use crossbeam::channel;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let (sender, queue) = channel::unbounded();
    requests.into_iter().for_each(|request| sender.send(request).expect("the queue is here"));
    drop(sender);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| queue.iter().for_each(&answer));
        }
    });
}
