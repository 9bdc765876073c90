//! The results come through a channel, with their places.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, mpsc};
use std::thread;

/// Calls the function with each item, on several threads, and returns the results in the order of the items.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, function: impl Fn(T) -> R + Sync) -> Vec<R> {
    let (count, items) = (items.len(), Mutex::new(items.into_iter().enumerate()));
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, items, function) = (sender.clone(), &items, &function);
            scope.spawn(move || {
                loop {
                    let next = items.lock().unwrap().next();
                    let Some((place, item)) = next else { break };
                    let result = panic::catch_unwind(AssertUnwindSafe(|| function(item)));
                    if result.is_err() {
                        items.lock().unwrap().by_ref().for_each(drop);
                    }
                    sender.send((place, result)).unwrap();
                }
            });
        }
    });
    drop(sender);
    let mut all: Vec<Option<R>> = (0..count).map(|_| None).collect();
    for (place, result) in results {
        match result {
            Ok(result) => all[place] = Some(result),
            Err(payload) => panic::resume_unwind(payload),
        }
    }
    all.into_iter().flatten().collect()
}
