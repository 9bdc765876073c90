//! Returns from loops.

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

    /// Counts down by one.
    pub fn count_down(&self) {
        let mut left = self.left.load(Ordering::Relaxed);
        while left > 0 {
            match self.left.compare_exchange(left, left - 1, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => left = now,
            }
        }
        if left == 1 {
            self.waiter.unpark();
        }
    }

    /// Blocks until the count is zero.
    pub fn wait(&self) {
        loop {
            if self.left.load(Ordering::Acquire) == 0 {
                return;
            }
            thread::park();
        }
    }
}
