//! Unlocks between the check and the wait.
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
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    /// Waits until the gate is open.
    pub fn wait(&self) {
        while !self.is_open() {
            let is_open = self.is_open.lock().unwrap();
            drop(self.opened.wait(is_open).unwrap());
        }
    }

    /// Returns whether the gate is open.
    pub fn is_open(&self) -> bool {
        *self.is_open.lock().unwrap()
    }
}
