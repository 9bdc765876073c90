//! A kitchen with so many places, made of a lock and a condition. A cook who panics keeps the place for ever, and when the
//! last place is kept, all others stand outside.
//!
//! Mend `cook`. What has to be given back must be given back by something that nobody can forget, and no panic can skip.

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
