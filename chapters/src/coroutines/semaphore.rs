//! Semaphores, which limit how many coroutines do something at a time: the counterparts of Python's `asyncio.Semaphore`
//! and `asyncio.BoundedSemaphore`.
//!
//! # Differences from other types
//!
//! Most programs use [`tokio::sync::Semaphore`], which can also hand out several permits at once, and can be closed.
//!
//! One coroutine at a time can hold a [`Lock`], and it has to release the lock itself. A semaphore has a number of
//! permits, and permits have no owner: one coroutine can acquire a permit and another one release it. A [`Permit`] is a
//! guard that releases itself. To count things that one coroutine produces and another consumes,
//! [forget](Permit::forget) the permits, and [release](Semaphore::release) new ones.
//!
//! Coroutines get permits in order of arrival, as in asyncio. A [`threads::Semaphore`] lets a thread that has just
//! arrived go first. On one event loop, that wouldn't work: a coroutine that releases a permit and acquires one again
//! without waiting in between keeps running, so the waiting coroutines would never get one. Python's two semaphores
//! differ in the same way.
//!
//! Two details differ from asyncio:
//!
//! - If several permits are released at a time, the waiting coroutines wake up one after the other, because each one
//!   wakes the next. A task that was spawned in the meantime may run in between.
//! - A permit that was released while coroutines are waiting still counts as [available](Semaphore::available), and
//!   [`try_acquire`](Semaphore::try_acquire) can take it. In asyncio it belongs to the first waiting coroutine.
//!
//! # How it works
//!
//! The first waiting coroutine holds `queue`, a fair lock, until it has a permit. So at most one coroutine waits for
//! `released`, and the others wait for `queue`:
//!
//! | Task 1, with a permit | Task 2: `acquire` | Task 3: `acquire` |
//! | --- | --- | --- |
//! | | acquires `queue`, and waits for `released` | |
//! | | | waits for `queue` |
//! | releases its permit, and notifies `released` | | |
//! | calls `acquire`, and waits for `queue` behind Task 3 | | |
//! | | takes the permit, and releases `queue` | |
//! | | | acquires `queue`, and waits for `released` |
//!
//! Without `queue`, Task 1 would find its own permit in the fourth row, because Task 2 hasn't run yet.

use std::mem;
use std::time::Duration;

use tokio::time;

use super::{Condition, Lock};
use crate::errors::TooMany;
use crate::threads;

/// A number of permits that coroutines acquire and release.
///
/// # Examples
///
/// ```
/// use chapters::coroutines::Semaphore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let connections = Semaphore::new(2);
/// let _first = connections.acquire().await;
/// let second = connections.acquire().await;
/// assert!(connections.is_locked() && connections.try_acquire().is_none());
/// drop(second);
/// assert_eq!(connections.available(), 1);
/// # }
/// ```
#[derive(Debug)]
pub struct Semaphore {
    pub(super) permits: threads::Lock<usize>,
    /// Notified when permits have been released.
    pub(super) released: Condition,
    /// Held by the coroutine that is next to get a permit. The others wait for it in order of arrival.
    queue: Lock,
    /// The number of permits never exceeds this.
    limit: usize,
}

impl Semaphore {
    /// Creates a semaphore with a number of permits.
    ///
    /// In Python, a negative number is a `ValueError`; the type excludes it here.
    pub fn new(permits: usize) -> Self {
        Self::with_limit(permits, usize::MAX)
    }

    fn with_limit(permits: usize, limit: usize) -> Self {
        let permits = threads::Lock::guarding(permits);
        Self { permits, released: Condition::new(), queue: Lock::new(), limit }
    }

    // ANCHOR: acquire
    /// Acquires a permit, waiting until one is available. [`Semaphore`] has an example.
    ///
    /// # Cancel safety
    ///
    /// A canceled coroutine loses its place in the queue. No permit is lost.
    ///
    /// # Deadlocks
    ///
    /// If this future has waited for a permit, and then is neither polled nor dropped, no other `acquire` gets a
    /// permit, even if some are available. See [futurelock](super#futurelock).
    pub async fn acquire(&self) -> Permit<'_> {
        let _first_in_queue = self.queue.acquire().await;
        let permits = self.released.wait_for_sync(&self.permits, |permits| *permits > 0).await;
        self.take(permits).expect("a permit is available")
    }

    pub(super) fn take(&self, mut permits: threads::LockGuard<'_, usize>) -> Option<Permit<'_>> {
        *permits = permits.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }
    // ANCHOR_END: acquire

    /// Acquires a permit if one is available, ahead of coroutines that are waiting. Returns `None` otherwise.
    ///
    /// Never waits. [`Semaphore`] has an example.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.take(self.permits.acquire())
    }

    /// Acquires a permit, waiting for at most `timeout`.
    ///
    /// When the time is up, tries once more, and returns `None` if no permit is available. A zero timeout tries once.
    /// This is Python's `asyncio.wait_for(semaphore.acquire(), timeout)`.
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](Semaphore::acquire).
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
    /// use chapters::coroutines::Semaphore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let semaphore = Semaphore::new(0);
    /// assert!(semaphore.acquire_timeout(Duration::from_millis(1)).await.is_none());
    /// # }
    /// ```
    pub async fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        time::timeout(timeout, self.acquire()).await.ok().or_else(|| self.try_acquire())
    }

    /// Adds `n` permits, whether or not they were acquired before.
    ///
    /// Never waits. In asyncio, `release` adds one permit.
    ///
    /// # Panics
    ///
    /// If the number of permits would exceed `usize::MAX`.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::coroutines::Semaphore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (items, count) = (std::sync::Mutex::new(Vec::new()), Semaphore::new(0));
    /// let producer = async {
    ///     items.lock().unwrap().extend(["an item", "another one"]);
    ///     count.release(2);
    /// };
    /// let consumer = async {
    ///     for _ in 0..2 {
    ///         count.acquire().await.forget();
    ///         assert!(items.lock().unwrap().pop().is_some());
    ///     }
    /// };
    /// tokio::join!(consumer, producer);
    /// # }
    /// ```
    pub fn release(&self, n: usize) {
        self.add(n).expect("the number of permits fits a usize");
    }

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

    /// Returns how many permits are available, including those that waiting coroutines are about to take.
    ///
    /// Never waits. The answer may be out of date when it is returned.
    pub fn available(&self) -> usize {
        *self.permits.acquire()
    }

    /// Returns whether [`acquire`](Semaphore::acquire) would have to wait: no permit is available, or other coroutines
    /// are waiting.
    ///
    /// Never waits. This is Python's `locked()`. The answer may be out of date when it is returned. [`Semaphore`] has
    /// an example.
    pub fn is_locked(&self) -> bool {
        self.available() == 0 || self.queue.try_acquire().is_none()
    }
}

/// A permit of a [`Semaphore`] or a [`BoundedSemaphore`], released when it is dropped, also by a panic or a
/// cancellation.
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
/// use chapters::coroutines::BoundedSemaphore;
/// use chapters::errors::TooMany;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let semaphore = BoundedSemaphore::new(1);
/// assert_eq!(semaphore.release(1), Err(TooMany));
/// semaphore.acquire().await.forget();
/// assert_eq!(semaphore.release(1), Ok(()));
/// # }
/// ```
#[derive(Debug)]
pub struct BoundedSemaphore(Semaphore);

impl BoundedSemaphore {
    /// Creates a semaphore with at most `permits` permits, all of them available.
    pub fn new(permits: usize) -> Self {
        Self(Semaphore::with_limit(permits, permits))
    }

    /// Acquires a permit, waiting until one is available. See [`Semaphore::acquire`], also for cancellation.
    pub async fn acquire(&self) -> Permit<'_> {
        self.0.acquire().await
    }

    /// Acquires a permit if one is available. See [`Semaphore::try_acquire`].
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.0.try_acquire()
    }

    /// Acquires a permit, waiting for at most `timeout`. See [`Semaphore::acquire_timeout`], also for panics.
    pub async fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.0.acquire_timeout(timeout).await
    }

    /// Releases `n` permits that were acquired and forgotten. Never waits. [`BoundedSemaphore`] has an example.
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

    /// Returns whether `acquire` would have to wait. See [`Semaphore::is_locked`].
    pub fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}
