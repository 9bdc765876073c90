//! A lock for coroutines that can say whether it is locked: Python's `asyncio.Lock`.
//!
//! It differs from [`threads::Lock`](crate::threads::Lock) in who waits: here the coroutine does, and its thread runs
//! others meanwhile. It differs from [`tokio::sync::Mutex`] as that one differs from the standard library's: it guards
//! nothing, being locked is its message, and asking does not disturb it.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, MutexGuard};

/// A lock, unlocked at first.
///
/// ```
/// use chapters::coroutines::Lock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let lock = Lock::new();
/// let guard = lock.acquire().await;
/// assert!(lock.is_locked());
/// drop(guard);
/// assert!(!lock.is_locked());
/// # }
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

    /// Waits until the lock is free, in the order in which coroutines came, and locks it until the guard is dropped.
    ///
    /// A coroutine that is cancelled while it waits loses its place in the line and nothing else.
    pub async fn acquire(&self) -> LockGuard<'_> {
        let held = self.mutex.lock().await;
        self.locked.store(true, Ordering::Relaxed);
        LockGuard { lock: self, _held: held }
    }

    /// Whether somebody holds the lock. Never waits, and never makes the lock look locked to others.
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
