//! A lease can expire while its holder is paused, so a store has to refuse the requests of a holder whose lease has been
//! granted to another one. This store makes mistakes.
//!
//! Each lease has a number, its token, and newer leases have higher ones. Fix `Store`: once a request with some token has
//! returned, all requests with lower tokens must fail. You may change the fields, but don't change the import.

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
        let newest = *self.newest.lock().unwrap();
        (token >= newest).then(|| *self.total.lock().unwrap())
    }

    /// Sets the total, and returns whether it did. It doesn't if a higher token has been used.
    pub fn write(&self, token: u32, total: u32) -> bool {
        let mut newest = self.newest.lock().unwrap();
        if token < *newest {
            return false;
        }
        *newest = token;
        drop(newest);
        *self.total.lock().unwrap() = total;
        true
    }
}
