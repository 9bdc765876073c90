//! Checks, and takes the lock in another step.
//! Refused: has the lock as well

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
        while self.locked.load(Ordering::Acquire) {
            spin_loop();
        }
        self.locked.store(true, Ordering::Release);
    }

    /// Releases the lock.
    pub fn unlock(&self) {
        self.locked.store(false, Ordering::Release);
    }
}
