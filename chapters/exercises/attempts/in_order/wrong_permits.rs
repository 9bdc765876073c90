//! Starts a thread per item, and limits how many of them work.
//! Refused: threads call the function

use std::sync::{Condvar, Mutex};
use std::thread;

/// Calls the function with each item, on several threads, and returns the results in the order of the items.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, function: impl Fn(T) -> R + Sync) -> Vec<R> {
    let (permits, released) = (Mutex::new(workers), Condvar::new());
    thread::scope(|scope| {
        let (function, permits, released) = (&function, &permits, &released);
        let work = move |item| {
            *released.wait_while(permits.lock().unwrap(), |permits| *permits == 0).unwrap() -= 1;
            let result = function(item);
            *permits.lock().unwrap() += 1;
            released.notify_one();
            result
        };
        let threads: Vec<_> = items.into_iter().map(|item| scope.spawn(move || work(item))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload)))
            .collect()
    })
}
