//! So many at a time, and no more: Python's `threading.Semaphore` and `threading.BoundedSemaphore`.
//!
//! It differs from a [`Lock`] in number, and in that permits belong to nobody: one thread can take a permit and another
//! one give it back. Taken as a guard, a [`Permit`] gives itself back; to use the semaphore as a count of something that
//! one side produces and the other one consumes, [forget](Permit::forget) the permits and [release](Semaphore::release)
//! new ones.
//!
//! The standard library has none; threads that wait for capacity mostly wait at a bounded channel. With coroutines, a
//! working engineer reaches for `tokio::sync::Semaphore`. POSIX has `sem_t`.

use std::mem;
use std::time::Duration;

use super::{Condition, Lock, LockGuard};
use crate::errors::TooMany;

/// Permits that threads take and give back.
///
/// ```
/// use chapters::threads::Semaphore;
///
/// let connections = Semaphore::new(2);
/// let _first = connections.acquire();
/// let second = connections.acquire();
/// assert!(connections.try_acquire().is_none());
/// drop(second);
/// assert_eq!(connections.available(), 1);
/// ```
#[derive(Debug)]
// ANCHOR: struct
pub struct Semaphore {
    pub(super) permits: Lock<usize>,
    pub(super) released: Condition,
    /// There are never more permits than this.
    limit: usize,
}
// ANCHOR_END: struct

impl Semaphore {
    /// Makes a semaphore with so many permits. A negative number, Python's `ValueError`, is impossible by type.
    pub fn new(permits: usize) -> Self {
        Self::with_limit(permits, usize::MAX)
    }

    fn with_limit(permits: usize, limit: usize) -> Self {
        Self { permits: Lock::guarding(permits), released: Condition::new(), limit }
    }

    // ANCHOR: acquire
    /// Blocks until there is a permit, and takes it. See the example of [`Semaphore`].
    pub fn acquire(&self) -> Permit<'_> {
        let permits = self.released.wait_for(self.permits.acquire(), |permits| *permits > 0);
        self.take(permits).expect("there is a permit")
    }

    fn take(&self, mut permits: LockGuard<'_, usize>) -> Option<Permit<'_>> {
        *permits = permits.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }
    // ANCHOR_END: acquire

    /// Takes a permit if there is one: Python's `acquire(blocking=False)`. See the example of [`Semaphore`].
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.take(self.permits.acquire())
    }

    /// Blocks until there is a permit or `timeout` has passed: Python's `acquire(timeout=...)`. A zero timeout is one try.
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

    /// Adds `n` permits, whether or not they were taken from here. None is fine; Python raises `ValueError`.
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
    ///
    /// # Panics
    ///
    /// If there were more permits than a `usize` can count.
    pub fn release(&self, n: usize) {
        self.add(n).expect("so many permits can be counted");
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

    /// How many permits there are to take.
    pub fn available(&self) -> usize {
        *self.permits.acquire()
    }
}

/// A permit of a [`Semaphore`] or a [`BoundedSemaphore`], given back when dropped, also by a panic.
#[derive(Debug)]
#[must_use = "the permit is given back when it is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Permit<'_> {
    /// Keeps the permit taken. Who wants it back releases it elsewhere. See the example of [`Semaphore::release`].
    pub fn forget(self) {
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    /// Where a limit is reached already, somebody released in place of this permit: then it has been given back.
    fn drop(&mut self) {
        let _ = self.semaphore.add(1);
    }
}

/// A [`Semaphore`] that never has more permits than at first: to release too often is an error.
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
    /// Makes a semaphore with so many permits at most. See the example of [`BoundedSemaphore`].
    pub fn new(permits: usize) -> Self {
        Self(Semaphore::with_limit(permits, permits))
    }

    /// Blocks until there is a permit, and takes it. As [`Semaphore::acquire`].
    pub fn acquire(&self) -> Permit<'_> {
        self.0.acquire()
    }

    /// Takes a permit if there is one. As [`Semaphore::try_acquire`].
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.0.try_acquire()
    }

    /// Blocks until there is a permit or `timeout` has passed. As [`Semaphore::acquire_timeout`].
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.0.acquire_timeout(timeout)
    }

    /// Gives `n` permits back that were taken and forgotten. See the example of [`BoundedSemaphore`].
    ///
    /// # Errors
    ///
    /// When there would be more permits than at first: then none is given back. Python raises `ValueError`.
    pub fn release(&self, n: usize) -> Result<(), TooMany> {
        self.0.add(n)
    }

    /// How many permits there are to take. As [`Semaphore::available`].
    pub fn available(&self) -> usize {
        self.0.available()
    }
}
