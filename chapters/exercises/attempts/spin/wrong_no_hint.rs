//! Polls without a hint.
//! Refused: polls

use chapters::scheduler::hint::spin_loop;
use chapters::scheduler::sync::atomic::{AtomicBool, Ordering};

/// A lock whose waiting threads spin.
pub struct SpinLock {
    locked: AtomicBool,
}

impl SpinLock {
    /// Creates a lock that's free.
    pub fn new() -> Self {
        Self { locked: AtomicBool::new(false) }
    }

    /// Acquires the lock. Spins while it's taken.
    pub fn lock(&self) {
        _ = spin_loop;
        while self.locked.swap(true, Ordering::Acquire) {}
    }

    /// Releases the lock.
    pub fn unlock(&self) {
        self.locked.store(false, Ordering::Release);
    }
}
