//! Works on as many items as there are workers, and then on the next ones.
//! Refused: threads call the function

use std::thread;

/// Calls the function with each item, on several threads, and returns the results in the order of the items.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, function: impl Fn(T) -> R + Sync) -> Vec<R> {
    let (mut results, mut items) = (Vec::new(), items.into_iter().peekable());
    while items.peek().is_some() {
        thread::scope(|scope| {
            let function = &function;
            let batch: Vec<_> = items.by_ref().take(workers).map(|item| scope.spawn(move || function(item))).collect();
            for thread in batch {
                results.push(thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload)));
            }
        });
    }
    results
}
