//! A hundred requests are answered, each by a thread of its own. With a million requests there would be a million threads.
//!
//! Let no more than eight threads run at any moment, and no request wait while fewer than eight are being answered. Each
//! request is answered, whatever happens to others. When all have been answered, and all threads have ended, `answer_all`
//! returns, or it panics if an answer has panicked. It doesn't poll while it waits.

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
