//! Notifies before it unlocks.

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
        let permits = self.permits.lock().unwrap();
        let mut permits = self.released.wait_while(permits, |permits| *permits == 0).unwrap();
        *permits -= 1;
    }

    /// Takes `count` permits at once. Blocks while there are fewer.
    pub fn acquire_many(&self, count: usize) {
        let permits = self.permits.lock().unwrap();
        *self.released.wait_while(permits, |permits| *permits < count).unwrap() -= count;
    }

    /// Adds a permit.
    pub fn release(&self) {
        let mut permits = self.permits.lock().unwrap();
        *permits += 1;
        self.released.notify_all();
    }
}
