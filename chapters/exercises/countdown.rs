//! A latch: threads count it down, and another thread waits until it opens. `wait` polls, so it keeps a core busy.
//!
//! Make `wait` block instead, with `thread::park`. Only one thread waits: the one that created the latch. When `wait`
//! returns, it sees what the others wrote before they counted down, even where memory is weakly ordered. Threads may
//! keep counting down at zero, which doesn't change anything: the latch stays open.

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
        self.left.fetch_sub(1, Ordering::Release);
    }

    /// Blocks until the count is zero.
    pub fn wait(&self) {
        while self.left.load(Ordering::Acquire) > 0 {}
    }
}
