//! Build a read-write lock from a mutex and a condition variable: any number of readers can hold it together, or one writer
//! alone. A writer may become a reader without releasing the lock. Threads wait as long as they must, and no longer.
//!
//! You may add fields and methods, but don't change the import.

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
        _ = (&self.state, &self.released);
        todo!()
    }

    /// Releases the lock after `lock_shared`.
    pub fn unlock_shared(&self) {
        todo!()
    }

    /// Acquires the lock for writing. Blocks while there are readers or a writer.
    pub fn lock_exclusive(&self) {
        todo!()
    }

    /// Releases the lock after `lock_exclusive`.
    pub fn unlock_exclusive(&self) {
        todo!()
    }

    /// Turns a lock for writing into one for reading. In between, no other thread has it for writing.
    pub fn downgrade(&self) {
        todo!()
    }
}
