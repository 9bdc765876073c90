//! A kitchen with a limited number of places, made of a mutex and a condition variable. A cook that panics never
//! releases its place, so after some panics, all other cooks wait outside forever.
//!
//! Fix `cook`: however a dish ends, its place becomes free, and a cook who waits can go on. A panic of a dish reaches the
//! caller of `cook`.

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
