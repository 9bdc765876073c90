//! Keeps both in one mutex.

use chapters::scheduler::sync::Mutex;

/// A total that several machines change, each with the token of its lease.
pub struct Store {
    /// The highest token so far, and the total.
    total: Mutex<(u32, u32)>,
}

impl Store {
    /// Creates a store whose total is 0. Tokens start at 1.
    pub fn new() -> Self {
        Self { total: Mutex::new((0, 0)) }
    }

    /// Returns the total, or `None` if a higher token has been used.
    pub fn read(&self, token: u32) -> Option<u32> {
        let mut pair = self.total.lock().unwrap();
        if pair.0 > token {
            return None;
        }
        pair.0 = token;
        Some(pair.1)
    }

    /// Sets the total, and returns whether it did. It doesn't if a higher token has been used.
    pub fn write(&self, token: u32, total: u32) -> bool {
        let mut pair = self.total.lock().unwrap();
        let is_newest = pair.0 <= token;
        if is_newest {
            *pair = (token, total);
        }
        is_newest
    }
}
