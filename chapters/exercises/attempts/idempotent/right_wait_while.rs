//! Waits with `wait_while`, and notifies with the lock held.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};

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
        let in_progress = |results: &mut BTreeMap<u32, Option<u32>>| results.get(&number) == Some(&None);
        let mut results = self.ended.wait_while(self.results.lock().unwrap(), in_progress).unwrap();
        if let Some(known) = results.get(&number) {
            return *known;
        }
        results.insert(number, None);
        drop(results);
        let result = panic::catch_unwind(AssertUnwindSafe(action));
        let mut results = self.results.lock().unwrap();
        results.remove(&number);
        if let Ok(Some(known)) = result {
            results.insert(number, Some(known));
        }
        self.ended.notify_all();
        drop(results);
        result.unwrap_or_else(|payload| panic::resume_unwind(payload))
    }
}
