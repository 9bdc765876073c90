//! A lock for threads that has a timeout, and can say whether it is locked: Python's `threading.Lock`.
//!
//! It differs from [`std::sync::Mutex`], which a working engineer reaches for, in what it is for. A mutex guards a value,
//! and tells nobody whether it is locked, since the answer is old before it can be used. [`Lock::new`] makes a lock that
//! guards nothing: being locked *is* its message, and asking must not disturb it. To ask a mutex, one would have to try to
//! lock it, and for that moment the next one to ask would see it locked. [`Lock::guarding`] makes a lock that owns its
//! value as a mutex does, with the timeout that the standard library's lacks (parking_lot's has one).
//!
//! Python's lock can be released by any thread, at any time; this one by whoever holds the guard, and it cannot be
//! forgotten. There is no order among those who wait, as in Python.
//!
//! # Orderings
//!
//! Taking the lock is *acquire*, giving it back is *release*: whoever holds it sees what the last holder did. Both go
//! through `state`. The rest is relaxed: `abandoned` is touched by holders only, and [`Lock::is_locked`] promises
//! nothing about other memory.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::thread;
use std::time::{Duration, Instant};

use crate::sync::{
    AtomicBool, AtomicU32, Condvar, Mutex, Ordering, UnsafeCell, deadline_after, lock, spin_while, wait_until,
};

pub(super) const UNLOCKED: u32 = 0;
/// Somebody holds the lock, and nobody sleeps.
const LOCKED: u32 = 1;
/// Somebody holds the lock, and perhaps somebody sleeps until it is free.
pub(super) const CONTENDED: u32 = 2;

/// A lock, unlocked at first. It guards a value, or nothing.
///
/// ```
/// use chapters::threads::Lock;
///
/// let lock = Lock::new();
/// let guard = lock.acquire();
/// assert!(lock.is_locked());
/// drop(guard);
/// assert!(!lock.is_locked());
///
/// let total = Lock::guarding(0);
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| *total.acquire() += 1);
///     }
/// });
/// assert_eq!(*total.acquire(), 4);
/// ```
#[derive(Debug)]
pub struct Lock<T = ()> {
    pub(super) state: AtomicU32,
    /// Whether the last holder panicked.
    abandoned: AtomicBool,
    /// Locked by those who are about to sleep until `freed`, and by those who wake them.
    pub(super) entrance: Mutex<()>,
    pub(super) freed: Condvar,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a guard alone, and there is one guard at a time. Whoever has it may take the value
// to its own thread: so the value must be one that can be sent, and need not be one that can be shared.
unsafe impl<T: Send> Sync for Lock<T> {}

impl Lock {
    /// Makes an unlocked lock that guards nothing.
    pub fn new() -> Self {
        Self::guarding(())
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Self::guarding(T::default())
    }
}

impl<T> Lock<T> {
    /// Makes an unlocked lock that owns `value`. See the example of [`Lock`].
    pub fn guarding(value: T) -> Self {
        Self {
            state: AtomicU32::new(UNLOCKED),
            abandoned: AtomicBool::new(false),
            entrance: Mutex::new(()),
            freed: Condvar::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Blocks until the lock is free, and locks it until the guard is dropped.
    ///
    /// A thread that holds the lock already waits for itself, for ever, as in Python: there is [`RLock`](super::RLock).
    pub fn acquire(&self) -> LockGuard<'_, T> {
        self.acquire_until(None).expect("waits for ever")
    }

    /// Locks the lock if it is free: Python's `acquire(blocking=False)`.
    ///
    /// ```
    /// use chapters::threads::Lock;
    ///
    /// let lock = Lock::new();
    /// let guard = lock.try_acquire().unwrap();
    /// assert!(lock.try_acquire().is_none());
    /// # drop(guard);
    /// ```
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        self.take().then(|| self.guard())
    }

    /// Blocks until the lock is free or `timeout` has passed: Python's `acquire(timeout=...)`. A zero timeout is one try.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::threads::Lock;
    ///
    /// let lock = Lock::new();
    /// let guard = lock.acquire_timeout(Duration::MAX).unwrap();
    /// assert!(lock.acquire_timeout(Duration::from_millis(1)).is_none());
    /// # drop(guard);
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<LockGuard<'_, T>> {
        self.try_acquire().or_else(|| self.acquire_until(deadline_after(timeout)))
    }

    /// Whether somebody holds the lock: Python's `locked()`. Never blocks, and never makes the lock look locked to others.
    ///
    /// See the example of [`Lock`].
    pub fn is_locked(&self) -> bool {
        self.state.load(Ordering::Relaxed) != UNLOCKED
    }

    // ANCHOR: acquire
    pub(super) fn acquire_until(&self, deadline: Option<Instant>) -> Option<LockGuard<'_, T>> {
        (self.take() || self.take_later(deadline)).then(|| self.guard())
    }

    fn take(&self) -> bool {
        self.state.compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn take_later(&self, deadline: Option<Instant>) -> bool {
        spin_while(|| self.state.load(Ordering::Relaxed) == LOCKED);
        if self.take() {
            return true; // and nobody is told to wake anybody
        }
        let (mut entrance, mut in_time) = (lock(&self.entrance), true);
        while self.state.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
            if !in_time {
                return false;
            }
            (entrance, in_time) = wait_until(&self.freed, entrance, deadline);
        }
        true
    }
    // ANCHOR_END: acquire

    // ANCHOR: release
    pub(super) fn release(&self) {
        if self.state.swap(UNLOCKED, Ordering::Release) == CONTENDED {
            self.wake_one();
        }
    }

    /// Wakes one of those who sleep. Nobody is between looking at the state and sleeping while the entrance is free.
    #[cold]
    fn wake_one(&self) {
        drop(lock(&self.entrance));
        self.freed.notify_one();
    }
    // ANCHOR_END: release

    /// The guard of the lock, which the caller has just taken.
    pub(super) fn guard(&self) -> LockGuard<'_, T> {
        let abandoned = self.abandoned.load(Ordering::Relaxed);
        if abandoned {
            self.abandoned.store(false, Ordering::Relaxed);
        }
        LockGuard { lock: self, abandoned, unwinding: thread::panicking(), kept: PhantomData }
    }
}

/// Keeps a [`Lock`] locked, and is the way to what it guards.
///
/// It stays with the thread that acquired the lock:
///
/// ```compile_fail,E0277
/// use chapters::threads::Lock;
///
/// let lock = Lock::new();
/// let guard = lock.acquire();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
#[derive(Debug)]
#[must_use = "the lock is free again when the guard is dropped"]
pub struct LockGuard<'a, T = ()> {
    lock: &'a Lock<T>,
    abandoned: bool,
    /// Whether the thread was panicking already when it acquired the lock.
    unwinding: bool,
    /// Like the standard library's guard, this one is never sent, and shared only if the value can be.
    kept: PhantomData<std::sync::MutexGuard<'a, T>>,
}

impl<'a, T> LockGuard<'a, T> {
    /// The lock, which outlives this guard: for those who give it back for a while.
    pub(super) fn lock(&self) -> &'a Lock<T> {
        self.lock
    }

    /// Whether the last holder panicked, so that the value may be half changed. Told once, to the next holder.
    ///
    /// The standard library's mutex would be *poisoned*, and every later holder had to deal with it. Python tells nobody:
    /// an exception leaves a `with` block, the lock is free, and the next holder finds what it finds.
    ///
    /// ```
    /// use chapters::threads::Lock;
    ///
    /// let lock = Lock::new();
    /// std::thread::scope(|scope| {
    ///     let holder = scope.spawn(|| {
    ///         let _guard = lock.acquire();
    ///         panic!("in the middle of it");
    ///     });
    ///     assert!(holder.join().is_err());
    /// });
    /// assert!(lock.acquire().is_abandoned());
    /// assert!(!lock.acquire().is_abandoned());
    /// ```
    pub fn is_abandoned(&self) -> bool {
        self.abandoned
    }
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the lock is held, so nobody else has a reference to the value but through this guard.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and this guard, the only way to the value, is borrowed mutably.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() && !self.unwinding {
            self.lock.abandoned.store(true, Ordering::Relaxed);
        }
        self.lock.release();
    }
}
