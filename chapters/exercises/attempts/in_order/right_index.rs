//! An atomic number is the next item, and each result has a mutex of its own.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// Calls the function with each item, on several threads, and returns the results in the order of the items.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, function: impl Fn(T) -> R + Sync) -> Vec<R> {
    let items: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let (next, panicked) = (AtomicUsize::new(0), Mutex::new(None));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while panicked.lock().unwrap().is_none() {
                    let place = next.fetch_add(1, Relaxed);
                    let Some(item) = items.get(place).and_then(|item| item.lock().unwrap().take()) else { break };
                    match panic::catch_unwind(AssertUnwindSafe(|| function(item))) {
                        Ok(result) => *results[place].lock().unwrap() = Some(result),
                        Err(payload) => *panicked.lock().unwrap() = Some(payload),
                    }
                }
            });
        }
    });
    if let Some(payload) = panicked.into_inner().unwrap() {
        panic::resume_unwind(payload);
    }
    results.into_iter().filter_map(|result| result.into_inner().unwrap()).collect()
}
