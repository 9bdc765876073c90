//! The last thread to count down wakes the waiting one. At zero, the count doesn't change.

use chapters::scheduler::sync::atomic::{AtomicUsize, Ordering};
use chapters::scheduler::thread::{self, Thread};

/// A latch that opens when it has been counted down to zero.
pub struct Latch {
    left: AtomicUsize,
    /// The thread that waits.
    waiter: Thread,
}

impl Latch {
    /// Creates a latch for the calling thread to wait for.
    pub fn new(count: usize) -> Self {
        Self { left: AtomicUsize::new(count), waiter: thread::current() }
    }

    // ANCHOR: solution
    /// Counts down by one.
    pub fn count_down(&self) {
        let counted = self.left.try_update(Ordering::Release, Ordering::Relaxed, |left| left.checked_sub(1));
        if counted == Ok(1) {
            self.waiter.unpark();
        }
    }

    /// Blocks until the count is zero.
    pub fn wait(&self) {
        while self.left.load(Ordering::Acquire) > 0 {
            thread::park();
        }
    }
    // ANCHOR_END: solution
}
