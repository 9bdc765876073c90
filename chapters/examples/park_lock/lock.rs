//! The lock. `main.rs` gives it the standard library's parts, and a model check gives it loom's.

use super::parts::{AtomicBool, Ordering, Thread, Waiters, thread};

// ANCHOR: lock
#[derive(Default)]
pub struct ParkLock {
    locked: AtomicBool,
    waiters: Waiters<Thread>,
}

impl ParkLock {
    pub fn lock(&self) {
        while self.locked.swap(true, Ordering::Acquire) {
            self.waiters.push(thread::current());
            if !self.locked.swap(true, Ordering::AcqRel) {
                return;
            }
            thread::park();
        }
    }

    pub fn unlock(&self) {
        self.locked.swap(false, Ordering::AcqRel);
        while let Some(thread) = self.waiters.pop() {
            thread.unpark();
        }
    }
}
// ANCHOR_END: lock
