//! A mutual exclusion lock with timeouts: the counterpart of Python's `asyncio.Lock`.
//!
//! # Differences from other types
//!
//! If no `await` is reached while the lock is held, use [`std::sync::Mutex`]; otherwise use [`tokio::sync::Mutex`] or
//! async-lock's `Mutex`. This lock is a tokio mutex that can also be created without a value ([`Lock::new`]), and that
//! can tell whether it's locked without trying to lock it ([`is_locked`](Lock::is_locked)).
//!
//! A thread that waits for a [`threads::Lock`](crate::threads::Lock) blocks. If it blocked while it runs an event loop,
//! the holder might be a coroutine of the same loop, and could never release the lock. A coroutine that waits for this
//! lock returns to its event loop instead, so the lock can be held over an `await`.
//!
//! In Python, any coroutine can release a lock. Here, dropping the guard releases it. A coroutine that is canceled
//! drops its guards, so the lock can't stay locked.
//!
//! # Fairness
//!
//! Coroutines acquire the lock in the order in which they asked for it, as asyncio promises. A thread lock lets a
//! thread that has just arrived go first, because waking up takes time and the lock would be idle until then. A
//! coroutine that releases this lock while others are waiting reserves it for the first of them. Fairness has a price:
//! if that coroutine isn't polled, no other one can acquire the lock. See [futurelock](super#futurelock).

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time;

/// A lock that one coroutine at a time can hold. It guards a value, or nothing.
///
/// # Examples
///
/// Guarding a value:
///
/// ```
/// use chapters::coroutines::Lock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let total = Lock::guarding(0);
/// let add = async || *total.acquire().await += 1;
/// tokio::join!(add(), add(), add(), add());
/// assert_eq!(*total.acquire().await, 4);
/// # }
/// ```
///
/// Guarding nothing:
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
pub struct Lock<T = ()> {
    /// Whether a coroutine holds the mutex. A mutex can't be asked, only tried, and trying would lock it for a moment.
    locked: AtomicBool,
    /// Whether the last holder panicked, until the next holder's guard takes the flag over.
    ///
    /// Both flags are accessed with `Relaxed`: the holder writes them, and the mutex orders one holder before the next.
    abandoned: AtomicBool,
    value: Mutex<T>,
}

impl Lock {
    /// Creates an unlocked lock that guards nothing.
    pub fn new() -> Self {
        Self::guarding(())
    }
}

impl<T> Lock<T> {
    /// Creates an unlocked lock that owns `value`. [`Lock`] has an example.
    pub fn guarding(value: T) -> Self {
        Self { locked: AtomicBool::new(false), abandoned: AtomicBool::new(false), value: Mutex::new(value) }
    }

    /// Acquires the lock, waiting until it is free.
    ///
    /// The lock is released when the returned guard is dropped. [`Lock`] has an example.
    ///
    /// # Cancel safety
    ///
    /// A canceled coroutine loses its place in the queue. If the lock was reserved for it, the next coroutine gets the
    /// lock.
    ///
    /// # Deadlocks
    ///
    /// If the coroutine already holds the lock, it waits for itself forever, as in Python. A task can acquire an
    /// [`RLock`](super::RLock) more than once.
    ///
    /// If this future has waited for the lock, and then is neither polled nor dropped, no other coroutine can acquire
    /// the lock. See [futurelock](super#futurelock).
    pub async fn acquire(&self) -> LockGuard<'_, T> {
        self.guard(self.value.lock().await)
    }

    /// Acquires the lock if it is free and no coroutine is waiting for it. Returns `None` otherwise.
    ///
    /// Never waits. asyncio has no such method and needs none, because no other coroutine can run between `locked()`
    /// and an `acquire()` that doesn't wait.
    ///
    /// # Examples
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

    /// Acquires the lock, waiting for at most `timeout`.
    ///
    /// Returns `None` if the lock isn't free by then. A zero timeout tries once. This is Python's
    /// `asyncio.wait_for(lock.acquire(), timeout)`.
    ///
    /// # Cancel safety and deadlocks
    ///
    /// As for [`acquire`](Lock::acquire).
    ///
    /// # Panics
    ///
    /// If it isn't polled in a tokio runtime with time enabled.
    ///
    /// # Examples
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
    pub async fn acquire_timeout(&self, timeout: Duration) -> Option<LockGuard<'_, T>> {
        time::timeout(timeout, self.acquire()).await.ok()
    }

    /// Returns whether a coroutine holds the lock.
    ///
    /// Never waits, and never makes the lock look locked to other coroutines. This is Python's `locked()`. As there, a
    /// lock that is reserved for a waiting coroutine counts as unlocked until that coroutine runs. [`Lock`] has an
    /// example.
    pub fn is_locked(&self) -> bool {
        self.locked.load(Ordering::Relaxed)
    }

    /// Creates the guard of a lock whose mutex the caller has just locked.
    fn guard<'a>(&'a self, inner: MutexGuard<'a, T>) -> LockGuard<'a, T> {
        self.locked.store(true, Ordering::Relaxed);
        let abandoned = self.abandoned.load(Ordering::Relaxed);
        if abandoned {
            self.abandoned.store(false, Ordering::Relaxed);
        }
        LockGuard { lock: self, abandoned, panicking: thread::panicking(), inner }
    }
}

/// Holds a [`Lock`] until it is dropped, and gives access to the value that the lock guards.
///
/// Unlike the guard of a [`threads::Lock`](crate::threads::Lock), it can be held over an `await`, and it can move to
/// another thread with its coroutine:
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
///     tokio::task::yield_now().await; // may continue on another thread
///     drop(guard);
/// });
/// holder.await.unwrap();
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard<'a, T = ()> {
    lock: &'a Lock<T>,
    abandoned: bool,
    /// Whether the thread was already panicking when the lock was acquired.
    panicking: bool,
    inner: MutexGuard<'a, T>,
}

impl<'a, T> LockGuard<'a, T> {
    /// Returns the lock, so that a condition can drop the guard and later acquire the lock again.
    pub(super) fn lock(&self) -> &'a Lock<T> {
        self.lock
    }

    /// Makes this guard report a panic that was reported to an earlier guard of the same caller.
    pub(super) fn mark_abandoned(&mut self) {
        self.abandoned = true;
    }

    /// Returns whether the previous holder panicked, and may have left the value in an inconsistent state.
    ///
    /// A panic is reported once, to the next holder. [`Condition::wait_for`](super::Condition::wait_for) may hold
    /// several guards before it returns one; the guard that it returns reports a panic if any of them did.
    ///
    /// Tokio's mutex doesn't report panics. Nor does Python: an exception that leaves an `async with` block releases
    /// the lock, and the next holder isn't warned. A *canceled* holder isn't reported here either. It stopped at an
    /// `await`, so don't leave a value half changed at an `await` while you hold the lock.
    ///
    /// # Examples
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
    ///         panic!("halfway through a change");
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
        &self.inner
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        // A destructor may acquire and release the lock while a panic unwinds the stack. That doesn't abandon the lock.
        if thread::panicking() && !self.panicking {
            self.lock.abandoned.store(true, Ordering::Relaxed);
        }
        self.lock.locked.store(false, Ordering::Relaxed);
        // The mutex is unlocked after this, when `inner` is dropped.
    }
}
