//! A thread that needs a permit checks the number again after each wakeup, and each release notifies one thread.

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

    // ANCHOR: solution
    /// Takes a permit. If there isn't one, blocks until another thread releases one.
    pub fn acquire(&self) {
        let mut permits = self.permits.lock().unwrap();
        while *permits == 0 {
            permits = self.released.wait(permits).unwrap();
        }
        *permits -= 1;
    }

    /// Adds a permit and wakes a thread that is waiting for one.
    pub fn release(&self) {
        *self.permits.lock().unwrap() += 1;
        self.released.notify_one();
    }
    // ANCHOR_END: solution
}
