//! A kitchen with a limited number of places, made of a lock and a condition. A cook that panics keeps its place
//! forever, and when all places are kept, all other cooks wait outside.
//!
//! Fix `cook`: release the place in a way that can't be forgotten, and that a panic can't skip.

use chapters::threads::{Condition, Lock};

pub struct Kitchen {
    pub free: Lock<usize>,
    left: Condition,
}

impl Kitchen {
    pub fn new(places: usize) -> Self {
        Self { free: Lock::guarding(places), left: Condition::new() }
    }

    /// Cooks a dish when there is a place.
    pub fn cook<T>(&self, dish: impl FnOnce() -> T) -> T {
        *self.left.wait_for(self.free.acquire(), |free| *free > 0) -= 1;
        let cooked = dish();
        *self.free.acquire() += 1;
        self.left.notify(1);
        cooked
    }
}
