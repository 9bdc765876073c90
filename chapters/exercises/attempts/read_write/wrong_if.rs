//! Checks only once.
//! Refused: B writes while another thread reads

use chapters::scheduler::sync::{Condvar, Mutex};

/// A lock for several readers or one writer.
pub struct ReadWrite {
    state: Mutex<State>,
    /// Notified when the lock was released.
    released: Condvar,
}

/// The holders of the lock.
#[derive(Debug, Default)]
struct State {
    readers: usize,
    has_writer: bool,
}

impl ReadWrite {
    /// Creates a lock that's free.
    pub fn new() -> Self {
        Self { state: Mutex::new(State::default()), released: Condvar::new() }
    }

    /// Acquires the lock for reading. Blocks while there's a writer.
    pub fn lock_shared(&self) {
        let mut state = self.state.lock().unwrap();
        while state.has_writer {
            state = self.released.wait(state).unwrap();
        }
        state.readers += 1;
    }

    /// Releases the lock after `lock_shared`.
    pub fn unlock_shared(&self) {
        self.state.lock().unwrap().readers -= 1;
        self.released.notify_all();
    }

    /// Acquires the lock for writing. Blocks while there are readers or a writer.
    pub fn lock_exclusive(&self) {
        let mut state = self.state.lock().unwrap();
        if state.has_writer || state.readers > 0 {
            state = self.released.wait(state).unwrap();
        }
        state.has_writer = true;
    }

    /// Releases the lock after `lock_exclusive`.
    pub fn unlock_exclusive(&self) {
        self.state.lock().unwrap().has_writer = false;
        self.released.notify_all();
    }

    /// Turns a lock for writing into one for reading. In between, no other thread has it for writing.
    pub fn downgrade(&self) {
        self.unlock_exclusive();
        self.lock_shared();
    }
}
