//! Starts a thread per item, and each of them polls until there are few enough.
//! Refused: polls instead of waiting

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

/// Calls the function with each item, on several threads, and returns the results in the order of the items.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, function: impl Fn(T) -> R + Sync) -> Vec<R> {
    let running = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (function, running) = (&function, &running);
        let work = move |item| {
            while running.fetch_update(SeqCst, SeqCst, |count| (count < workers).then_some(count + 1)).is_err() {
                thread::yield_now();
            }
            let result = function(item);
            running.fetch_sub(1, SeqCst);
            result
        };
        let threads: Vec<_> = items.into_iter().map(|item| scope.spawn(move || work(item))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload)))
            .collect()
    })
}
