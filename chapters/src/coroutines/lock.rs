//! A lock for coroutines that has a timeout, and can say whether it is locked: Python's `asyncio.Lock`.
//!
//! It differs from [`threads::Lock`](crate::threads::Lock) in who waits: here the coroutine does, and its thread runs
//! others meanwhile. So it can be held over an `await`, where holding a thread's lock would keep others from running, and
//! one of them perhaps from giving it back. Those who wait get it in the order in which they came, as asyncio promises.
//!
//! A working engineer reaches for a [`std::sync::Mutex`] as long as no `await` comes while it is held, which is most of the
//! time; else for [`tokio::sync::Mutex`], which this lock is made of, or async-lock's. A mutex guards a value, and tells
//! nobody whether it is locked. [`Lock::new`] makes a lock that guards nothing: being locked *is* its message, and asking
//! must not disturb it. [`Lock::guarding`] makes a lock that owns its value as a mutex does.
//!
//! Python's lock can be released by any coroutine, at any time; this one by whoever holds the guard, and it cannot be
//! forgotten: a coroutine that is cancelled drops its guard.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time;

/// A lock, unlocked at first. It guards a value, or nothing.
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
///
/// let total = Lock::guarding(0);
/// let add = async || *total.acquire().await += 1;
/// tokio::join!(add(), add(), add(), add());
/// assert_eq!(*total.acquire().await, 4);
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Lock<T = ()> {
    /// Says what the mutex does not. Relaxed, like the next: the mutex makes the order.
    locked: AtomicBool,
    /// Whether the last holder panicked.
    abandoned: AtomicBool,
    value: Mutex<T>,
}

impl Lock {
    /// Makes an unlocked lock that guards nothing.
    pub fn new() -> Self {
        Self::guarding(())
    }
}

impl<T> Lock<T> {
    /// Makes an unlocked lock that owns `value`. See the example of [`Lock`].
    pub fn guarding(value: T) -> Self {
        Self { locked: AtomicBool::new(false), abandoned: AtomicBool::new(false), value: Mutex::new(value) }
    }

    /// Waits until the lock is free, and locks it until the guard is dropped.
    ///
    /// A coroutine that holds the lock already waits for itself, for ever, as in Python: there is [`RLock`](super::RLock).
    ///
    /// Cancel safe: a coroutine that is cancelled while it waits loses its place in the line, and the lock, if that was
    /// on its way to it, goes to the next one.
    pub async fn acquire(&self) -> LockGuard<'_, T> {
        self.guard(self.value.lock().await)
    }

    /// Locks the lock if it is free and nobody waits for it. Python needs no such method: there, nobody else runs between
    /// `locked()` and `acquire()`.
    ///
    /// ```
    /// use chapters::coroutines::Lock;
    ///
    /// let lock = Lock::new();
    /// let guard = lock.try_acquire().unwrap();
    /// assert!(lock.try_acquire().is_none());
    /// # drop(guard);
    /// ```
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        Some(self.guard(self.value.try_lock().ok()?))
    }

    /// Waits until the lock is free or `timeout` has passed: Python's `asyncio.wait_for(lock.acquire(), timeout)`. A zero
    /// timeout is one try.
    ///
    /// Cancel safe as [`acquire`](Lock::acquire) is: the timeout is a cancellation itself.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::coroutines::Lock;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lock = Lock::new();
    /// let guard = lock.acquire_timeout(Duration::MAX).await.unwrap();
    /// assert!(lock.acquire_timeout(Duration::from_millis(1)).await.is_none());
    /// # drop(guard);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has a clock.
    pub async fn acquire_timeout(&self, timeout: Duration) -> Option<LockGuard<'_, T>> {
        time::timeout(timeout, self.acquire()).await.ok()
    }

    /// Whether somebody holds the lock: Python's `locked()`. Never waits, and never makes the lock look locked to others.
    ///
    /// A lock that was given back, and whose next holder has not run since, is held by nobody, as in Python. See the example
    /// of [`Lock`].
    pub fn is_locked(&self) -> bool {
        self.locked.load(Ordering::Relaxed)
    }

    /// The guard of the lock, whose mutex the caller has just locked.
    fn guard<'a>(&'a self, held: MutexGuard<'a, T>) -> LockGuard<'a, T> {
        self.locked.store(true, Ordering::Relaxed);
        let abandoned = self.abandoned.load(Ordering::Relaxed);
        if abandoned {
            self.abandoned.store(false, Ordering::Relaxed);
        }
        LockGuard { lock: self, abandoned, unwinding: thread::panicking(), held }
    }
}

/// Keeps a [`Lock`] locked, and is the way to what it guards.
///
/// It can go with its coroutine from thread to thread, and be held over an `await`:
///
/// ```
/// use std::sync::Arc;
///
/// use chapters::coroutines::Lock;
///
/// # #[tokio::main]
/// # async fn main() {
/// let lock = Arc::new(Lock::new());
/// let holder = tokio::spawn(async move {
///     let guard = lock.acquire().await;
///     tokio::task::yield_now().await; // another thread may go on here
///     drop(guard);
/// });
/// holder.await.unwrap();
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the lock is free again when the guard is dropped"]
pub struct LockGuard<'a, T = ()> {
    lock: &'a Lock<T>,
    abandoned: bool,
    /// Whether the thread was panicking already when the lock was acquired.
    unwinding: bool,
    held: MutexGuard<'a, T>,
}

impl<'a, T> LockGuard<'a, T> {
    /// The lock, which outlives this guard: for those who give it back for a while.
    pub(super) fn lock(&self) -> &'a Lock<T> {
        self.lock
    }

    /// Whether the last holder panicked, so that the value may be half changed. Told once, to the next holder.
    ///
    /// Tokio's mutex tells nobody, and nor does Python: an exception leaves an `async with` block, the lock is free, and the
    /// next holder finds what it finds. Of a holder that was *cancelled* nobody is told here either. It ended at an
    /// `await`: whoever holds a lock over one should leave nothing half changed there.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use chapters::coroutines::Lock;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lock = Arc::new(Lock::new());
    /// let holder = tokio::spawn({
    ///     let lock = Arc::clone(&lock);
    ///     async move {
    ///         let _guard = lock.acquire().await;
    ///         panic!("in the middle of it");
    ///     }
    /// });
    /// assert!(holder.await.is_err());
    /// assert!(lock.acquire().await.is_abandoned());
    /// assert!(!lock.acquire().await.is_abandoned());
    /// # }
    /// ```
    pub fn is_abandoned(&self) -> bool {
        self.abandoned
    }
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.held
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.held
    }
}

impl<T> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() && !self.unwinding {
            self.lock.abandoned.store(true, Ordering::Relaxed);
        }
        self.lock.locked.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "tests/lock.rs"]
mod tests;
