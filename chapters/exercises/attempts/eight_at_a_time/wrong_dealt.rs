//! Deals the requests out.
//! Refused: some of the others wait for its thread

use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let share = requests.len().div_ceil(8);
    thread::scope(|scope| {
        for share in requests.chunks(share) {
            scope.spawn(|| share.iter().for_each(|request| answer(*request)));
        }
    });
}
