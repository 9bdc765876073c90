//! Answers one after another.
//! Refused: Fewer than eight requests

use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    _ = thread::current();
    requests.into_iter().for_each(answer);
}
