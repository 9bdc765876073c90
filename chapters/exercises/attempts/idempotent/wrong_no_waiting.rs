//! Returns at once if the request is in progress.
//! Refused: gets None for request 7

use std::collections::BTreeMap;

use chapters::scheduler::sync::{Condvar, Mutex};

/// The results of the requests that have been performed.
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

    /// Performs the action of a request, unless that has been done, and returns its result.
    ///
    /// An action fails if it returns `None` or panics, and then `perform` does the same. The next request with that number
    /// performs its own action.
    pub fn perform(&self, number: u32, action: impl FnOnce() -> Option<u32>) -> Option<u32> {
        let mut results = self.results.lock().unwrap();
        if let Some(known) = results.get(&number) {
            return *known;
        }
        results.insert(number, None);
        drop(results);
        let result = action();
        let mut results = self.results.lock().unwrap();
        match result {
            Some(_) => results.insert(number, result),
            None => results.remove(&number),
        };
        self.ended.notify_all();
        result
    }
}
