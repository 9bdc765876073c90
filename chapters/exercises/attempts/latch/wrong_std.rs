//! Uses a barrier of the standard library.
//! Refused: `Barrier` isn't from `chapters::scheduler`

use chapters::scheduler::sync::{Condvar, Mutex};

/// A latch that opens when it has been counted down to zero.
pub struct Latch {
    left: Mutex<usize>,
    open: Condvar,
    barrier: std::sync::Barrier,
}

impl Latch {
    /// Creates a latch that has to be counted down `count` times.
    pub fn new(count: usize) -> Self {
        Self { left: Mutex::new(count), open: Condvar::new(), barrier: std::sync::Barrier::new(count + 1) }
    }

    /// Counts down by one, unless the count is zero.
    pub fn count_down(&self) {
        _ = (&self.left, &self.open);
        self.barrier.wait();
    }

    /// Blocks until the count is zero.
    pub fn wait(&self) {
        self.barrier.wait();
    }
}
