//! A hundred requests are answered, each by a thread of its own. A million requests would need a million threads.
//!
//! Run no more than eight threads at any moment, and let no request wait while fewer than eight are being answered.
//! Answer each request, whatever happens to the others. When all have been answered and all threads have ended,
//! `answer_all` returns, or panics if an answer has panicked. It doesn't poll while it waits.

use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    thread::scope(|scope| {
        for request in requests {
            let answer = &answer;
            scope.spawn(move || answer(request));
        }
    });
}
