//! Doesn't expect an action to panic.
//! Refused: waits forever

use std::collections::BTreeMap;

use chapters::scheduler::sync::{Condvar, Mutex};

/// The results of the requests that have been performed. A request in progress is there without a result.
pub struct Requests {
    results: Mutex<BTreeMap<u32, Option<u32>>>,
    /// Notified when an action has ended.
    ended: Condvar,
}

impl Requests {
    /// Creates a table without any requests.
    pub fn new() -> Self {
        Self { results: Mutex::new(BTreeMap::new()), ended: Condvar::new() }
    }

    pub fn perform(&self, number: u32, action: impl FnOnce() -> Option<u32>) -> Option<u32> {
        let mut results = self.results.lock().unwrap();
        while let Some(known) = results.get(&number) {
            if known.is_some() {
                return *known;
            }
            results = self.ended.wait(results).unwrap();
        }
        results.insert(number, None);
        drop(results);
        let result = action();
        let mut results = self.results.lock().unwrap();
        match result {
            Some(_) => results.insert(number, result),
            None => results.remove(&number),
        };
        drop(results);
        self.ended.notify_all();
        result
    }
}
