//! Notifies while the mutex is locked, but before the gate is open, after unlocking in between.
//! Refused: wait

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
        if !self.is_open() {
            self.opened.notify_all();
        }
        *self.is_open.lock().unwrap() = true;
    }

    /// Waits until the gate is open.
    pub fn wait(&self) {
        let mut is_open = self.is_open.lock().unwrap();
        while !*is_open {
            is_open = self.opened.wait(is_open).unwrap();
        }
    }

    /// Returns whether the gate is open.
    pub fn is_open(&self) -> bool {
        *self.is_open.lock().unwrap()
    }
}
