//! A thread sometimes waits at an open gate forever, although `wait` checks the gate in a loop.
//!
//! The check runs `wait` and `open` in every schedule, and shows one that fails. Fix `open`. No time passes in a
//! schedule, so a timeout doesn't help.

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
        self.opened.notify_all();
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
