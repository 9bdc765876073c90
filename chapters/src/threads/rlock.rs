//! A reentrant lock, which its owner can acquire again: the counterpart of Python's `threading.RLock`.
//!
//! # Differences from other types
//!
//! A [`Lock`] has no owner: a thread that acquires it twice waits for itself. This lock belongs to a thread. A thread
//! that owns the lock acquires it again without waiting, and releases it by dropping every guard, so code that holds
//! the lock can call other code that acquires it.
//!
//! Programs that need a reentrant lock use `parking_lot::ReentrantMutex`. It is often better to acquire a [`Lock`] once
//! and pass the guard, or the value that it guards, to the code that is called.
//!
//! The lock guards nothing. Two guards can exist at a time, so they could give out only shared references to a value,
//! as those of a `ReentrantMutex` do. In Python, releasing a lock that the caller doesn't own raises `RuntimeError`;
//! here, only guards release, and a guard can't be sent to another thread.
//!
//! # How it works
//!
//! The lock is a [`Lock`], the number of its owner, and a count of its guards, as in Python. The number and the count
//! are read and written with `Relaxed`. A thread that reads its own number from `owner` has written it there itself. If
//! it reads anything else, even an outdated value, another thread or no thread owns the lock, and it has to acquire the
//! `Lock`, which orders one owner's accesses before the next owner's.

use std::marker::PhantomData;
use std::mem;
use std::time::Duration;

use super::{Lock, LockGuard};
use crate::sync::{AtomicUsize, Ordering, this_thread};

/// A lock that a thread can acquire any number of times.
///
/// # Examples
///
/// ```
/// use chapters::threads::RLock;
///
/// let lock = RLock::new();
/// let outer = lock.acquire();
/// let inner = lock.acquire();
/// drop(outer);
/// assert!(lock.is_locked());
/// drop(inner);
/// assert!(!lock.is_locked());
/// ```
#[derive(Debug, Default)]
pub struct RLock {
    lock: Lock,
    /// The number of the thread that holds the lock, or zero.
    owner: AtomicUsize,
    /// How many guards the owner has. Accessed only by the owner.
    depth: AtomicUsize,
}

impl RLock {
    /// Creates a lock that no thread owns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Acquires the lock, blocking until no other thread owns it.
    ///
    /// The lock is released when all guards have been dropped. [`RLock`] has an example.
    pub fn acquire(&self) -> RLockGuard<'_> {
        self.lock(|lock| Some(lock.acquire())).expect("there is no timeout that could expire")
    }

    /// Acquires the lock unless another thread owns it. Returns `None` otherwise.
    ///
    /// Never blocks. This is Python's `acquire(blocking=False)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::threads::RLock;
    ///
    /// let lock = RLock::new();
    /// let _guards = (lock.try_acquire().unwrap(), lock.try_acquire().unwrap());
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| assert!(lock.try_acquire().is_none()));
    /// });
    /// ```
    pub fn try_acquire(&self) -> Option<RLockGuard<'_>> {
        self.lock(Lock::try_acquire)
    }

    /// Acquires the lock, blocking for at most `timeout`.
    ///
    /// Returns `None` if another thread owns the lock by then. A zero timeout gives up without sleeping. This is
    /// Python's `acquire(timeout=...)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::threads::RLock;
    ///
    /// let lock = RLock::new();
    /// let _guard = lock.acquire();
    /// let timeout = Duration::from_millis(1);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| assert!(lock.acquire_timeout(timeout).is_none()));
    /// });
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<RLockGuard<'_>> {
        self.lock(|lock| lock.acquire_timeout(timeout))
    }

    /// Returns whether a thread owns the lock. Never blocks. This is Python's `locked()`, added to `RLock` in 3.14.
    /// [`RLock`] has an example.
    pub fn is_locked(&self) -> bool {
        self.lock.is_locked()
    }

    // ANCHOR: take
    /// Calls `acquire` unless the calling thread owns the lock already, and adds a guard.
    fn lock<'a>(&'a self, acquire: impl FnOnce(&'a Lock) -> Option<LockGuard<'a>>) -> Option<RLockGuard<'a>> {
        let me = this_thread();
        if self.owner.load(Ordering::Relaxed) != me {
            mem::forget(acquire(&self.lock)?); // `unlock` releases it
            self.owner.store(me, Ordering::Relaxed);
        }
        self.depth.store(self.depth.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        Some(RLockGuard { lock: self, _marker: PhantomData })
    }

    fn unlock(&self) {
        let depth = self.depth.load(Ordering::Relaxed) - 1;
        self.depth.store(depth, Ordering::Relaxed);
        if depth == 0 {
            self.owner.store(0, Ordering::Relaxed);
            self.lock.release();
        }
    }
    // ANCHOR_END: take
}

/// One of the guards of an [`RLock`]. The lock is released when all of them have been dropped.
///
/// A panic drops the guards of a thread as well. The next owner isn't warned of it, because the lock guards no value.
///
/// A guard can't be sent to another thread:
///
/// ```compile_fail,E0277
/// use chapters::threads::RLock;
///
/// let lock = RLock::new();
/// let guard = lock.acquire();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct RLockGuard<'a> {
    lock: &'a RLock,
    /// Makes the guard `!Send`, like the guard of a [`Lock`].
    _marker: PhantomData<LockGuard<'a>>,
}

impl Drop for RLockGuard<'_> {
    fn drop(&mut self) {
        self.lock.unlock();
    }
}
