//! Semaphores, which limit how many threads do something at a time: the counterparts of Python's `threading.Semaphore`
//! and `threading.BoundedSemaphore`.
//!
//! # Differences from other types
//!
//! The standard library lacks a semaphore. Threads that wait for capacity often wait on a bounded channel instead. With
//! coroutines, use `tokio::sync::Semaphore`. POSIX has `sem_t`.
//!
//! One thread at a time can hold a [`Lock`], and it has to release the lock itself. A semaphore has a number of
//! permits, and permits have no owner: one thread can acquire a permit and another one release it. A [`Permit`] is a
//! guard that releases itself. To count things that one thread produces and another consumes, [forget](Permit::forget)
//! the permits, and [release](Semaphore::release) new ones.
//!
//! Waiting threads don't get permits in any particular order, and a thread that has just arrived can go first, as in
//! Python.

use std::mem;
use std::time::Duration;

use super::{Condition, Lock, LockGuard};
use crate::errors::TooMany;

/// A number of permits that threads acquire and release.
///
/// # Examples
///
/// ```
/// use chapters::threads::Semaphore;
///
/// let connections = Semaphore::new(2);
/// let _first = connections.acquire();
/// let second = connections.acquire();
/// assert!(connections.is_locked() && connections.try_acquire().is_none());
/// drop(second);
/// assert_eq!(connections.available(), 1);
/// ```
#[derive(Debug)]
// ANCHOR: struct
pub struct Semaphore {
    pub(super) permits: Lock<usize>,
    /// Notified when permits have been released.
    pub(super) released: Condition,
    /// The number of permits never exceeds this.
    limit: usize,
}
// ANCHOR_END: struct

impl Semaphore {
    /// Creates a semaphore with a number of permits.
    ///
    /// In Python, a negative number is a `ValueError`; the type excludes it here.
    pub fn new(permits: usize) -> Self {
        Self::with_limit(permits, usize::MAX)
    }

    fn with_limit(permits: usize, limit: usize) -> Self {
        Self { permits: Lock::guarding(permits), released: Condition::new(), limit }
    }

    // ANCHOR: acquire
    /// Acquires a permit, blocking until one is available. [`Semaphore`] has an example.
    pub fn acquire(&self) -> Permit<'_> {
        let permits = self.released.wait_for(self.permits.acquire(), |permits| *permits > 0);
        self.take(permits).expect("a permit is available")
    }

    fn take(&self, mut permits: LockGuard<'_, usize>) -> Option<Permit<'_>> {
        *permits = permits.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }
    // ANCHOR_END: acquire

    /// Acquires a permit if one is available. Returns `None` otherwise.
    ///
    /// Doesn't wait for one. This is Python's `acquire(blocking=False)`. [`Semaphore`] has an example.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.take(self.permits.acquire())
    }

    /// Acquires a permit, blocking for at most `timeout`.
    ///
    /// When the time is up, tries once more, and returns `None` if no permit is available. A zero timeout tries once.
    /// This is Python's `acquire(timeout=...)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::threads::Semaphore;
    ///
    /// let semaphore = Semaphore::new(0);
    /// assert!(semaphore.acquire_timeout(Duration::from_millis(1)).is_none());
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.take(self.released.wait_for_timeout(self.permits.acquire(), timeout, |permits| *permits > 0).0)
    }

    /// Adds `n` permits, whether or not they were acquired before.
    ///
    /// `n` may be zero; Python raises `ValueError`.
    ///
    /// # Panics
    ///
    /// If the number of permits would exceed `usize::MAX`.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::threads::Semaphore;
    ///
    /// let (items, count) = (std::sync::Mutex::new(Vec::new()), Semaphore::new(0));
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         items.lock().unwrap().extend(["an item", "another one"]);
    ///         count.release(2);
    ///     });
    ///     for _ in 0..2 {
    ///         count.acquire().forget();
    ///         assert!(items.lock().unwrap().pop().is_some());
    ///     }
    /// });
    /// ```
    pub fn release(&self, n: usize) {
        self.add(n).expect("the number of permits fits a usize");
    }

    // ANCHOR: add
    fn add(&self, n: usize) -> Result<(), TooMany> {
        let mut permits = self.permits.acquire();
        if n > self.limit - *permits {
            return Err(TooMany);
        }
        *permits += n;
        drop(permits);
        self.released.notify(n);
        Ok(())
    }
    // ANCHOR_END: add

    /// Returns how many permits are available, including those that waiting threads are about to take.
    ///
    /// The answer may be out of date when it is returned.
    pub fn available(&self) -> usize {
        *self.permits.acquire()
    }

    /// Returns whether no permit is available, so that [`acquire`](Semaphore::acquire) would block.
    ///
    /// The answer may be out of date when it is returned. Python has `locked()` only in
    /// `asyncio.Semaphore` and, added in 3.14, in `multiprocessing`. [`Semaphore`] has an example.
    pub fn is_locked(&self) -> bool {
        self.available() == 0
    }
}

/// A permit of a [`Semaphore`] or a [`BoundedSemaphore`], released when it is dropped, also by a panic.
#[derive(Debug)]
#[must_use = "the permit is released when it is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Permit<'_> {
    /// Drops the guard without releasing the permit. [`Semaphore::release`] can release it later, and has an example.
    pub fn forget(self) {
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    /// Does nothing if the limit is reached already, because then other code has released a permit in place of this
    /// one.
    fn drop(&mut self) {
        let _ = self.semaphore.add(1);
    }
}

/// A [`Semaphore`] that never has more permits than it was created with: releasing too many is an error.
///
/// # Examples
///
/// ```
/// use chapters::errors::TooMany;
/// use chapters::threads::BoundedSemaphore;
///
/// let semaphore = BoundedSemaphore::new(1);
/// assert_eq!(semaphore.release(1), Err(TooMany));
/// semaphore.acquire().forget();
/// assert_eq!(semaphore.release(1), Ok(()));
/// ```
#[derive(Debug)]
pub struct BoundedSemaphore(Semaphore);

impl BoundedSemaphore {
    /// Creates a semaphore with at most `permits` permits, all of them available.
    pub fn new(permits: usize) -> Self {
        Self(Semaphore::with_limit(permits, permits))
    }

    /// Acquires a permit, blocking until one is available. See [`Semaphore::acquire`].
    pub fn acquire(&self) -> Permit<'_> {
        self.0.acquire()
    }

    /// Acquires a permit if one is available. See [`Semaphore::try_acquire`].
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.0.try_acquire()
    }

    /// Acquires a permit, blocking for at most `timeout`. See [`Semaphore::acquire_timeout`].
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.0.acquire_timeout(timeout)
    }

    /// Releases `n` permits that were acquired and forgotten. [`BoundedSemaphore`] has an example.
    ///
    /// # Errors
    ///
    /// Returns [`TooMany`], and releases nothing, if there would be more permits than at first. Python raises
    /// `ValueError`.
    pub fn release(&self, n: usize) -> Result<(), TooMany> {
        self.0.add(n)
    }

    /// Returns how many permits are available. See [`Semaphore::available`].
    pub fn available(&self) -> usize {
        self.0.available()
    }

    /// Returns whether `acquire` would block. See [`Semaphore::is_locked`].
    pub fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}
