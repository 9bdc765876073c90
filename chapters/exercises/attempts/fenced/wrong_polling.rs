//! Looks again and again until its token is the newest.
//! Refused: polls

use chapters::scheduler::sync::Mutex;

/// A total that several machines change, each with the token of its lease.
pub struct Store {
    /// The highest token so far.
    newest: Mutex<u32>,
    total: Mutex<u32>,
}

impl Store {
    /// Creates a store whose total is 0. Tokens start at 1.
    pub fn new() -> Self {
        Self { newest: Mutex::new(0), total: Mutex::new(0) }
    }

    /// Returns the total, or `None` if a higher token has been used.
    pub fn read(&self, token: u32) -> Option<u32> {
        loop {
            let mut newest = self.newest.lock().unwrap();
            if token >= *newest {
                *newest = token;
                return Some(*self.total.lock().unwrap());
            }
        }
    }

    /// Sets the total, and returns whether it did. It doesn't if a higher token has been used.
    pub fn write(&self, token: u32, total: u32) -> bool {
        let mut newest = self.newest.lock().unwrap();
        if token < *newest {
            return false;
        }
        *newest = token;
        *self.total.lock().unwrap() = total;
        true
    }
}
