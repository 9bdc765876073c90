//! Answers eight, and then the next eight.
//! Refused: some of the others wait for its thread

use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    for batch in requests.chunks(8) {
        thread::scope(|scope| {
            for request in batch {
                scope.spawn(|| answer(*request));
            }
        });
    }
}
