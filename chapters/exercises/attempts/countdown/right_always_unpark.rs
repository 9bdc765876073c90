//! Unparks each time, which costs more, but isn't wrong.

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
        _ = self.left.try_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        self.waiter.unpark();
    }

    /// Blocks until the count is zero.
    pub fn wait(&self) {
        while self.left.load(Ordering::Acquire) > 0 {
            thread::park();
        }
    }
}
