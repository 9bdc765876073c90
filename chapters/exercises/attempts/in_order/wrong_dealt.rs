//! Deals the items to the threads in advance.
//! Refused: a long item holds up other items

use std::thread;

/// Calls the function with each item, on several threads, and returns the results in the order of the items.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, function: impl Fn(T) -> R + Sync) -> Vec<R> {
    let mut shares: Vec<Vec<(usize, T)>> = (0..workers).map(|_| Vec::new()).collect();
    for (place, item) in items.into_iter().enumerate() {
        shares[place % workers].push((place, item));
    }
    let function = &function;
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let work = |share: Vec<(usize, T)>| -> Vec<(usize, R)> {
            share.into_iter().map(|(place, item)| (place, function(item))).collect()
        };
        let threads: Vec<_> = shares.into_iter().map(|share| scope.spawn(move || work(share))).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload)))
            .collect()
    });
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}
