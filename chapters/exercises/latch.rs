//! Build a latch from a mutex and a condition variable: threads wait until it has been counted down to zero.
//!
//! - `count_down` subtracts one. At zero, it changes nothing, and the latch stays open.
//! - `wait` returns when the count is zero. Any number of threads may wait.
//!
//! You may add fields and methods, but don't change the import.

use chapters::scheduler::sync::{Condvar, Mutex};

/// A latch that opens when it has been counted down to zero.
pub struct Latch {
    left: Mutex<usize>,
    /// Notified when the count is zero.
    open: Condvar,
}

impl Latch {
    /// Creates a latch that has to be counted down `count` times.
    pub fn new(count: usize) -> Self {
        Self { left: Mutex::new(count), open: Condvar::new() }
    }

    /// Counts down by one, unless the count is zero.
    pub fn count_down(&self) {
        _ = (&self.left, &self.open);
        todo!()
    }

    /// Blocks until the count is zero.
    pub fn wait(&self) {
        todo!()
    }
}
