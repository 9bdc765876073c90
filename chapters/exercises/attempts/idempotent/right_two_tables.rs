//! Keeps the numbers in progress in a set beside the results. A guard removes them.

use std::collections::{BTreeMap, BTreeSet};

use chapters::scheduler::sync::{Condvar, Mutex};

/// The results of the requests that have been performed.
pub struct Requests {
    results: Mutex<(BTreeMap<u32, u32>, BTreeSet<u32>)>,
    /// Notified when an action has ended.
    ended: Condvar,
}

/// Removes a number in progress, however the action ends.
struct InProgress<'a>(&'a Requests, u32);

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.0.results.lock().unwrap().1.remove(&self.1);
        self.0.ended.notify_all();
    }
}

impl Requests {
    /// Creates a table without any requests.
    pub fn new() -> Self {
        Self { results: Mutex::new((BTreeMap::new(), BTreeSet::new())), ended: Condvar::new() }
    }

    /// Performs the action of a request, unless that has been done, and returns its result.
    ///
    /// An action fails if it returns `None` or panics, and then `perform` does the same. The next request with that number
    /// performs its own action.
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
        let _in_progress = InProgress(self, number);
        let result = action();
        self.results.lock().unwrap().0.extend(result.map(|result| (number, result)));
        result
    }
}
