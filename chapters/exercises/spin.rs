//! Build a spin lock from one atomic.
//!
//! While the lock is taken, `lock` spins: it calls `spin_loop` and tries again. No thread may sleep. The next holder
//! must see everything that the previous one wrote, even where memory is weakly ordered.
//!
//! You may add methods, but don't change the imports.

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
        _ = (&self.locked, Ordering::SeqCst, spin_loop as fn());
        todo!()
    }

    /// Releases the lock.
    pub fn unlock(&self) {
        todo!()
    }
}
