//! Wakes one thread, and each thread that passes the gate wakes the next one.

use chapters::scheduler::sync::{Condvar, Mutex};

/// A gate that can be opened once.
pub struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub fn new() -> Self {
        Self { is_open: Mutex::new(false), opened: Condvar::new() }
    }

    /// Opens the gate, and wakes the threads that wait at it.
    pub fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_one();
    }

    /// Waits until the gate is open.
    pub fn wait(&self) {
        let mut is_open = self.is_open.lock().unwrap();
        while !*is_open {
            is_open = self.opened.wait(is_open).unwrap();
        }
        drop(is_open);
        self.opened.notify_one();
    }

    /// Returns whether the gate is open.
    pub fn is_open(&self) -> bool {
        *self.is_open.lock().unwrap()
    }
}
