//! A kitchen with a limited number of places, made of a mutex and a condition variable. If a cook panics, the place is
//! never released, so after a few panics, all the other cooks wait outside forever.
//!
//! Fix `cook`: however a dish ends, its place must become free, so that a waiting cook can continue. If a dish panics,
//! the panic must reach the caller of `cook`.

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
        let cooked = dish();
        *self.free.lock().unwrap() += 1;
        self.left.notify_one();
        cooked
    }
}
