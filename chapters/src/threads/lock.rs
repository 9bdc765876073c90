//! A lock for threads that can say whether it is locked: Python's `threading.Lock`.
//!
//! It differs from [`std::sync::Mutex`] in what it is for. A mutex guards a value and tells nobody whether it is locked,
//! since the answer is old before it can be used. This lock guards nothing: being locked *is* its message, and asking
//! must not disturb it. To ask a mutex, one would have to try to lock it, and for that moment the next one to ask would
//! see it locked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock, unlocked at first.
///
/// ```
/// use chapters::threads::Lock;
///
/// let lock = Lock::new();
/// let guard = lock.acquire();
/// assert!(lock.is_locked());
/// drop(guard);
/// assert!(!lock.is_locked());
/// ```
#[derive(Debug, Default)]
pub struct Lock {
    mutex: Mutex<()>,
    /// Says what the mutex does not. Relaxed: a flag that guards no other memory.
    locked: AtomicBool,
}

impl Lock {
    /// Makes an unlocked lock.
    pub fn new() -> Self {
        Self::default()
    }

    /// Blocks until the lock is free, and locks it until the guard is dropped.
    ///
    /// A holder that panicked has left nothing behind that could be broken, so its lock is free like any other.
    pub fn acquire(&self) -> LockGuard<'_> {
        let held = self.mutex.lock().unwrap_or_else(PoisonError::into_inner);
        self.locked.store(true, Ordering::Relaxed);
        LockGuard { lock: self, _held: held }
    }

    /// Whether somebody holds the lock. Never blocks, and never makes the lock look locked to others.
    pub fn is_locked(&self) -> bool {
        self.locked.load(Ordering::Relaxed)
    }
}

/// Keeps a [`Lock`] locked.
#[derive(Debug)]
pub struct LockGuard<'a> {
    lock: &'a Lock,
    _held: MutexGuard<'a, ()>,
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        self.lock.locked.store(false, Ordering::Relaxed);
    }
}
