//! Notifies before there is a place.
//! Refused: waits forever

use chapters::scheduler::sync::{Condvar, Mutex};

pub struct Kitchen {
    free: Mutex<usize>,
    left: Condvar,
}

struct Place<'a>(&'a Kitchen);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.left.notify_one();
        *self.0.free.lock().unwrap() += 1;
    }
}

impl Kitchen {
    /// Cooks a dish when there is a place.
    pub fn cook<T>(&self, dish: impl FnOnce() -> T) -> T {
        let free = self.free.lock().unwrap();
        *self.left.wait_while(free, |free| *free == 0).unwrap() -= 1;
        let _place = Place(self);
        dish()
    }
}

impl Kitchen {
    pub fn new(places: usize) -> Self {
        Self { free: Mutex::new(places), left: Condvar::new() }
    }
}
