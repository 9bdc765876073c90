//! Starts a thread for each item.
//! Refused: more than 2 items are worked on at the same time

use std::thread;

/// Calls the function with each item, on several threads, and returns the results in the order of the items.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, function: impl Fn(T) -> R + Sync) -> Vec<R> {
    _ = workers;
    thread::scope(|scope| {
        let function = &function;
        let threads: Vec<_> = items.into_iter().map(|item| scope.spawn(move || function(item))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload)))
            .collect()
    })
}
