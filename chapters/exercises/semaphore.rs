//! Build a counting semaphore from a mutex and a condition variable.
//!
//! A thread takes one permit, or several at once. It waits for as long as there are fewer permits than it wants, and no longer,
//! and it doesn't take any of them before it can take all.
//!
//! `Mutex` and `Condvar` work like their namesakes in `std::sync`, except that the checker decides which thread takes the
//! next step. You may add fields and methods, but don't change the import.

use chapters::scheduler::sync::{Condvar, Mutex};

/// A counting semaphore: permits that threads acquire and release.
pub struct Semaphore {
    /// The number of permits that are available.
    permits: Mutex<usize>,
    /// Notified when a permit is released.
    released: Condvar,
}

impl Semaphore {
    /// Creates a semaphore with `permits` permits.
    pub fn new(permits: usize) -> Self {
        Self { permits: Mutex::new(permits), released: Condvar::new() }
    }

    /// Takes a permit. If there isn't one, blocks until another thread releases one.
    pub fn acquire(&self) {
        todo!()
    }

    /// Takes `count` permits at once. Blocks while there are fewer.
    pub fn acquire_many(&self, count: usize) {
        _ = count;
        todo!()
    }

    /// Adds a permit.
    pub fn release(&self) {
        todo!()
    }
}
