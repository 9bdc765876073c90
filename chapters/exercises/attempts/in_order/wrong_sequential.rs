//! Uses no threads.
//! Refused: 3 items aren't worked on at the same time

/// Calls the function with each item, on several threads, and returns the results in the order of the items.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, function: impl Fn(T) -> R + Sync) -> Vec<R> {
    _ = workers;
    items.into_iter().map(function).collect()
}
