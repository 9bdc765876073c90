//! Wakes one thread, which may need more permits than there are.
//! Refused: See hint 4.

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
        self.acquire_many(1);
    }

    /// Takes `count` permits at once. Blocks while there are fewer.
    pub fn acquire_many(&self, count: usize) {
        let mut permits = self.permits.lock().unwrap();
        while *permits < count {
            permits = self.released.wait(permits).unwrap();
        }
        *permits -= count;
    }

    /// Adds a permit.
    pub fn release(&self) {
        *self.permits.lock().unwrap() += 1;
        self.released.notify_one();
    }
}
