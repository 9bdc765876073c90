//! Looks for a place again and again, and sleeps in between.
//! Refused: polls instead of waiting

use std::time::Duration;

use chapters::scheduler::sync::{Condvar, Mutex};
use chapters::scheduler::thread;

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
            drop(free);
            thread::sleep(Duration::from_millis(1));
        }
        let _place = Place(self);
        dish()
    }
}
