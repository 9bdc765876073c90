//! The place is a guard: it is given back when it is dropped, and a panic drops it too.

use chapters::threads::{Condition, Lock};

pub struct Kitchen {
    pub free: Lock<usize>,
    left: Condition,
}

// ANCHOR: solution
struct Place<'a>(&'a Kitchen);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.acquire() += 1;
        self.0.left.notify(1);
    }
}

impl Kitchen {
    /// Cooks a dish when there is a place.
    pub fn cook<T>(&self, dish: impl FnOnce() -> T) -> T {
        *self.left.wait_for(self.free.acquire(), |free| *free > 0) -= 1;
        let _place = Place(self);
        dish()
    }
}
// ANCHOR_END: solution

impl Kitchen {
    pub fn new(places: usize) -> Self {
        Self { free: Lock::guarding(places), left: Condition::new() }
    }
}
