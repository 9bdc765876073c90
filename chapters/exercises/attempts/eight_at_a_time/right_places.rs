//! Threads count through the list.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(request) = requests.get(next.fetch_add(1, Relaxed)) {
            answer(*request);
        }
    };
    thread::scope(|scope| (0..8).for_each(|_| _ = scope.spawn(work)));
}
