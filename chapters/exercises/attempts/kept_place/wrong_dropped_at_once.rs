//! The guard isn't kept in a variable, so it's dropped before the dish is cooked.
//! Refused: cook at the same time

use chapters::scheduler::sync::{Condvar, Mutex};

pub struct Kitchen {
    free: Mutex<usize>,
    left: Condvar,
}

struct Place<'a>(&'a Kitchen);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap() += 1;
        self.0.left.notify_one();
    }
}

impl Kitchen {
    /// Cooks a dish when there is a place.
    pub fn cook<T>(&self, dish: impl FnOnce() -> T) -> T {
        let free = self.free.lock().unwrap();
        *self.left.wait_while(free, |free| *free == 0).unwrap() -= 1;
        _ = Place(self);
        dish()
    }
}

impl Kitchen {
    pub fn new(places: usize) -> Self {
        Self { free: Mutex::new(places), left: Condvar::new() }
    }
}
