//! Looks again and again.
//! Refused: A polls

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
        let mut left = self.left.lock().unwrap();
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.open.notify_all();
        }
    }

    /// Blocks until the count is zero.
    pub fn wait(&self) {
        while *self.left.lock().unwrap() > 0 {}
    }
}
