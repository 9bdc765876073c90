//! Counts a writer as minus one.

use chapters::scheduler::sync::{Condvar, Mutex};

/// A lock for several readers or one writer.
pub struct ReadWrite {
    holders: Mutex<i32>,
    released: Condvar,
}

impl ReadWrite {
    /// Creates a lock that's free.
    pub fn new() -> Self {
        Self { holders: Mutex::new(0), released: Condvar::new() }
    }

    /// Acquires the lock for reading. Blocks while there's a writer.
    pub fn lock_shared(&self) {
        let mut holders = self.holders.lock().unwrap();
        while *holders < 0 {
            holders = self.released.wait(holders).unwrap();
        }
        *holders += 1;
    }

    /// Releases the lock after `lock_shared`.
    pub fn unlock_shared(&self) {
        *self.holders.lock().unwrap() -= 1;
        self.released.notify_all();
    }

    /// Acquires the lock for writing. Blocks while there are readers or a writer.
    pub fn lock_exclusive(&self) {
        let mut holders = self.holders.lock().unwrap();
        while *holders != 0 {
            holders = self.released.wait(holders).unwrap();
        }
        *holders = -1;
    }

    /// Releases the lock after `lock_exclusive`.
    pub fn unlock_exclusive(&self) {
        *self.holders.lock().unwrap() = 0;
        self.released.notify_all();
    }

    /// Turns a lock for writing into one for reading. In between, no other thread has it for writing.
    pub fn downgrade(&self) {
        *self.holders.lock().unwrap() = 1;
        self.released.notify_all();
    }
}
