//! Parks once while eight threads are running, until one of them unparks it.
//! Refused: More than 8 requests

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let (caller, running) = (thread::current(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for request in requests {
            if running.load(SeqCst) == 8 {
                thread::park();
            }
            running.fetch_add(1, SeqCst);
            scope.spawn({
                let (caller, running, answer) = (&caller, &running, &answer);
                move || {
                    let ended = panic::catch_unwind(AssertUnwindSafe(|| answer(request)));
                    running.fetch_sub(1, SeqCst);
                    caller.unpark();
                    ended.unwrap_or_else(|payload| panic::resume_unwind(payload));
                }
            });
        }
    });
}
