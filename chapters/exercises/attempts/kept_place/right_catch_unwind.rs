//! Catches the panic, releases the place, and lets the panic go on.

use std::panic::{self, AssertUnwindSafe};

use chapters::scheduler::sync::{Condvar, Mutex};

pub struct Kitchen {
    free: Mutex<usize>,
    left: Condvar,
}

impl Kitchen {
    pub fn new(places: usize) -> Self {
        Self { free: Mutex::new(places), left: Condvar::new() }
    }

    /// Cooks a dish when there is a place.
    pub fn cook<T>(&self, dish: impl FnOnce() -> T) -> T {
        let free = self.free.lock().unwrap();
        *self.left.wait_while(free, |free| *free == 0).unwrap() -= 1;
        let cooked = panic::catch_unwind(AssertUnwindSafe(dish));
        *self.free.lock().unwrap() += 1;
        self.left.notify_one();
        cooked.unwrap_or_else(|panic| panic::resume_unwind(panic))
    }
}
