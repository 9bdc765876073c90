//! Keeps the numbers in progress in a set beside the results.

use std::collections::{BTreeMap, BTreeSet};

use chapters::scheduler::sync::{Condvar, Mutex};

/// The results of the requests that have been performed.
pub struct Requests {
    results: Mutex<(BTreeMap<u32, u32>, BTreeSet<u32>)>,
    /// Notified when an action has ended.
    ended: Condvar,
}

impl Requests {
    /// Creates a table without any requests.
    pub fn new() -> Self {
        Self { results: Mutex::new((BTreeMap::new(), BTreeSet::new())), ended: Condvar::new() }
    }

    /// Performs the action of a request, unless that has been done, and returns its result.
    ///
    /// An action that fails returns `None`, and so does `perform`. The next request with that number performs its own action.
    pub fn perform(&self, number: u32, action: impl FnOnce() -> Option<u32>) -> Option<u32> {
        let mut table = self.results.lock().unwrap();
        while table.1.contains(&number) {
            table = self.ended.wait(table).unwrap();
        }
        if let Some(known) = table.0.get(&number) {
            return Some(*known);
        }
        table.1.insert(number);
        drop(table);
        let result = action();
        let mut table = self.results.lock().unwrap();
        table.1.remove(&number);
        table.0.extend(result.map(|result| (number, result)));
        drop(table);
        self.ended.notify_all();
        result
    }
}
