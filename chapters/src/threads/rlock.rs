//! A lock that its holder can take again: Python's `threading.RLock`.
//!
//! It differs from [`Lock`] in that it has an owner, the thread that holds it: who owns it never waits for it, and it is
//! free when its owner has given it back as often as it took it. So code that holds the lock can call other code that
//! takes it.
//!
//! It guards nothing. A lock that is taken twice could only give out shared references to its value, since two mutable
//! ones must not exist; `parking_lot::ReentrantMutex`, which a working engineer reaches for, does that. A better start is
//! often to take a [`Lock`] once, and to hand its guard, or what it guards, to the code that is called.
//!
//! In Python, to release a lock that one does not own is a `RuntimeError`. Here only guards release, they stay with
//! their thread, and so it cannot be written down.
//!
//! It is a [`Lock`], the number of its owner, and a count, as in Python. All but the lock is relaxed: a thread that finds
//! its own number in `owner` has written it there itself, and what it finds otherwise does not matter.

use std::marker::PhantomData;
use std::mem;
use std::time::Duration;

use super::{Lock, LockGuard};
use crate::sync::{AtomicUsize, Ordering, this_thread};

/// A lock that a thread can take any number of times.
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
    /// How often the owner has taken the lock. Nobody else looks.
    depth: AtomicUsize,
}

impl RLock {
    /// Makes a lock that nobody owns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Blocks until no other thread owns the lock, and owns it until the guard is dropped. See the example of [`RLock`].
    pub fn acquire(&self) -> RLockGuard<'_> {
        self.take(|lock| Some(lock.acquire())).expect("waits for ever")
    }

    /// Takes the lock unless another thread owns it: Python's `acquire(blocking=False)`.
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
        self.take(Lock::try_acquire)
    }

    /// Blocks until no other thread owns the lock or `timeout` has passed: Python's `acquire(timeout=...)`. A zero timeout
    /// is one try.
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
        self.take(|lock| lock.acquire_timeout(timeout))
    }

    /// Whether a thread owns the lock: Python's `locked()`, since 3.14. See the example of [`RLock`].
    pub fn is_locked(&self) -> bool {
        self.lock.is_locked()
    }

    // ANCHOR: take
    fn take<'a>(&'a self, acquire: impl FnOnce(&'a Lock) -> Option<LockGuard<'a>>) -> Option<RLockGuard<'a>> {
        let me = this_thread();
        if self.owner.load(Ordering::Relaxed) != me {
            mem::forget(acquire(&self.lock)?);
            self.owner.store(me, Ordering::Relaxed);
        }
        self.depth.store(self.depth.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        Some(RLockGuard { lock: self, stays: PhantomData })
    }

    fn release(&self) {
        let depth = self.depth.load(Ordering::Relaxed) - 1;
        self.depth.store(depth, Ordering::Relaxed);
        if depth == 0 {
            self.owner.store(0, Ordering::Relaxed);
            self.lock.release();
        }
    }
    // ANCHOR_END: take
}

/// Keeps an [`RLock`] for its thread, and gives it back when dropped, also by a panic: the lock guards nothing that could be
/// left half changed, so nobody is told.
///
/// ```compile_fail,E0277
/// use chapters::threads::RLock;
///
/// let lock = RLock::new();
/// let guard = lock.acquire();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard)); // it stays with its thread
/// });
/// ```
#[derive(Debug)]
#[must_use = "the lock is given back when the guard is dropped"]
pub struct RLockGuard<'a> {
    lock: &'a RLock,
    stays: PhantomData<LockGuard<'a>>,
}

impl Drop for RLockGuard<'_> {
    fn drop(&mut self) {
        self.lock.release();
    }
}
