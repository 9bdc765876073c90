//! Acquires with the order of a release.
//! Refused: doesn't see

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
        while self.locked.swap(true, Ordering::Release) {
            spin_loop();
        }
    }

    /// Releases the lock.
    pub fn unlock(&self) {
        self.locked.store(false, Ordering::Release);
    }
}
