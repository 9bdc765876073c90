//! Ends the thread whose item panicked, and lets the others go on.
//! Refused: apart from item 0, another

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
            match panic::catch_unwind(AssertUnwindSafe(|| function(item))) {
                Ok(result) => results.push((place, result)),
                Err(payload) => return Err(payload),
            }
        }
        Ok(results)
    };
    let ends: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut results = Vec::new();
    for end in ends {
        results.extend(end.unwrap_or_else(|payload| panic::resume_unwind(payload)));
    }
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}
