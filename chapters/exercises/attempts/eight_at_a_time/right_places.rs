//! Threads count through the list, and count the panics.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let (next, panics) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some(request) = requests.get(next.fetch_add(1, Relaxed)) {
            if panic::catch_unwind(AssertUnwindSafe(|| answer(*request))).is_err() {
                panics.fetch_add(1, Relaxed);
            }
        }
    };
    thread::scope(|scope| (0..8).for_each(|_| _ = scope.spawn(work)));
    assert_eq!(panics.into_inner(), 0, "an answer panicked");
}
