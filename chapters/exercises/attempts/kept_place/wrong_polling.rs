//! Looks for a place again and again.
//! Refused: polls

use chapters::scheduler::sync::{Condvar, Mutex};

pub struct Kitchen {
    free: Mutex<usize>,
    left: Condvar,
}

struct Place<'a>(&'a Kitchen);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap() += 1;
    }
}

impl Kitchen {
    pub fn new(places: usize) -> Self {
        Self { free: Mutex::new(places), left: Condvar::new() }
    }

    /// Cooks a dish when there is a place.
    pub fn cook<T>(&self, dish: impl FnOnce() -> T) -> T {
        loop {
            let mut free = self.free.lock().unwrap();
            if *free > 0 {
                *free -= 1;
                break;
            }
        }
        let _place = Place(self);
        dish()
    }
}
