//! So many at a time, and no more: Python's `asyncio.Semaphore` and `asyncio.BoundedSemaphore`.
//!
//! It differs from a [`Lock`] in number, and in that permits belong to nobody: one coroutine can take a permit and another
//! one give it back. Taken as a guard, a [`Permit`] gives itself back; to use the semaphore as a count of something that
//! one side produces and the other one consumes, [forget](Permit::forget) the permits and [release](Semaphore::release)
//! new ones.
//!
//! It differs from [`threads::Semaphore`] in the order. Whoever gives a permit back and takes one again at once is running,
//! while those who wait have yet to wake. The operating system, which stops and starts threads as it likes, gives them a
//! chance; on one event loop they would have none, for ever. So whoever comes here gets in line behind those who wait, as
//! in asyncio. Python's two semaphores differ in the same way.
//!
//! A working engineer reaches for [`tokio::sync::Semaphore`], which can also hand out several permits at once, and be
//! closed.

use std::mem;
use std::time::Duration;

use tokio::time;

use super::{Condition, Lock};
use crate::errors::TooMany;
use crate::threads;

/// Permits that coroutines take and give back.
///
/// ```
/// use chapters::coroutines::Semaphore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let connections = Semaphore::new(2);
/// let _first = connections.acquire().await;
/// let second = connections.acquire().await;
/// assert!(connections.try_acquire().is_none());
/// drop(second);
/// assert_eq!(connections.available(), 1);
/// # }
/// ```
#[derive(Debug)]
pub struct Semaphore {
    permits: threads::Lock<usize>,
    released: Condition,
    /// Held by the one whose turn it is to get a permit. The others wait for that, first come, first served.
    turn: Lock,
    /// There are never more permits than this.
    limit: usize,
}

impl Semaphore {
    /// Makes a semaphore with so many permits. A negative number, Python's `ValueError`, is impossible by type.
    pub fn new(permits: usize) -> Self {
        Self::with_limit(permits, usize::MAX)
    }

    fn with_limit(permits: usize, limit: usize) -> Self {
        let permits = threads::Lock::guarding(permits);
        Self { permits, released: Condition::new(), turn: Lock::new(), limit }
    }

    // ANCHOR: acquire
    /// Waits until there is a permit, and takes it. See the example of [`Semaphore`].
    ///
    /// Cancel safe: a coroutine that is cancelled while it waits loses its place in the line, and no permit is lost.
    pub async fn acquire(&self) -> Permit<'_> {
        let _turn = self.turn.acquire().await;
        let permits = self.released.until(&self.permits, |permits| *permits > 0).await;
        self.take(permits).expect("there is a permit")
    }

    fn take(&self, mut permits: threads::LockGuard<'_, usize>) -> Option<Permit<'_>> {
        *permits = permits.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }
    // ANCHOR_END: acquire

    /// Takes a permit if there is one, whoever waits. Never waits itself. See the example of [`Semaphore`].
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.take(self.permits.acquire())
    }

    /// Waits until there is a permit or `timeout` has passed, and then tries once more: Python's
    /// `asyncio.wait_for(semaphore.acquire(), timeout)`. A zero timeout is one try.
    ///
    /// Cancel safe as [`acquire`](Semaphore::acquire) is.
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
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has a clock.
    pub async fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        time::timeout(timeout, self.acquire()).await.ok().or_else(|| self.try_acquire())
    }

    /// Adds `n` permits, whether or not they were taken from here. None is fine; Python raises `ValueError`.
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
    ///
    /// # Panics
    ///
    /// If there were more permits than a `usize` can count.
    pub fn release(&self, n: usize) {
        self.add(n).expect("so many permits can be counted");
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

    /// How many permits there are to take.
    pub fn available(&self) -> usize {
        *self.permits.acquire()
    }
}

/// A permit of a [`Semaphore`] or a [`BoundedSemaphore`], given back when dropped, also by a panic or a
/// cancellation.
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
    /// Makes a semaphore with so many permits at most. See the example of [`BoundedSemaphore`].
    pub fn new(permits: usize) -> Self {
        Self(Semaphore::with_limit(permits, permits))
    }

    /// Waits until there is a permit, and takes it. As [`Semaphore::acquire`].
    pub async fn acquire(&self) -> Permit<'_> {
        self.0.acquire().await
    }

    /// Takes a permit if there is one. As [`Semaphore::try_acquire`].
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.0.try_acquire()
    }

    /// Waits until there is a permit or `timeout` has passed. As [`Semaphore::acquire_timeout`].
    pub async fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.0.acquire_timeout(timeout).await
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

#[cfg(test)]
#[path = "tests/semaphore.rs"]
mod tests;
