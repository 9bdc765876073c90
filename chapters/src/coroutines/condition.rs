//! Where coroutines wait until something that a lock guards has changed: Python's `asyncio.Condition`.
//!
//! It differs from [`threads::Condition`] in what a sleeper is. A thread is put to sleep by the operating system, and has
//! to be woken by it. A coroutine is put to sleep by nobody: one that waits has returned to its event loop, and left a
//! [`Waker`] behind, by which the loop can be asked to go on with it. The line is the same, first come, first served, and
//! a notification has an addressee. Only here an addressee can be *cancelled* before it could go on; it passes the
//! notification to the next.
//!
//! A Python condition is made with its lock. Here the guard says which lock it is, and notifying without holding it is
//! allowed, where Python raises `RuntimeError`. It is right as long as the *change* was made under the lock. What a
//! coroutine that was woken finds may have changed again: the lock is not handed to it, and others may come first. So one
//! waits for a condition in a loop, and [`wait_for`](Condition::wait_for) is that loop.
//!
//! One waits with the guard of a [`Lock`](super::Lock), not of an [`RLock`](super::RLock): a task may have several guards
//! of an `RLock`, and those that it keeps would lie while it waits.
//!
//! A working engineer mostly reaches for a channel; to build one, for [`tokio::sync::Notify`], or for event-listener, on
//! which async-channel and async-lock are built. Both are the line alone, without a lock: one takes a place in it, looks
//! whether what one waits for is there, and only then awaits. So do the siblings of this type. A `Notify` remembers one
//! notification that nobody waited for; a condition remembers none.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::{iter, mem};

use tokio::time::{Instant, timeout_at};

use super::lock::LockGuard;
use crate::threads;

/// Where coroutines wait, with the lock free, until they are notified.
///
/// ```
/// use chapters::coroutines::{Condition, Lock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (jobs, added) = (Lock::guarding(Vec::new()), Condition::new());
/// let worker = async { added.wait_for(jobs.acquire().await, |jobs| !jobs.is_empty()).await.pop() };
/// let boss = async {
///     jobs.acquire().await.push("a job");
///     added.notify(1);
/// };
/// assert_eq!(tokio::join!(worker, boss).0, Some("a job"));
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Condition {
    line: threads::Lock<Line>,
    /// How many coroutines wait. Changed with the line locked.
    sleeping: AtomicUsize,
}

#[derive(Debug, Default)]
struct Line {
    /// The number of the next coroutine to wait.
    next: u64,
    /// Those that wait and were not notified, by their numbers.
    sleepers: BTreeMap<u64, Waker>,
}

impl Condition {
    /// Makes a condition that nobody waits for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the lock back, waits until notified, and waits until the lock is acquired again.
    ///
    /// Cancel safe: a coroutine that is cancelled while it waits, also for the lock, leaves the line, and if it was notified,
    /// the next one is in its stead. In Python it would have to wait for the lock even then; here its guard is gone, and
    /// nobody needs the lock.
    ///
    /// ```
    /// use chapters::coroutines::{Condition, Lock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (lock, condition) = (Lock::new(), Condition::new());
    /// let guard = lock.acquire().await;
    /// let notifier = async {
    ///     let _guard = lock.acquire().await; // not before the other one waits
    ///     condition.notify(1);
    /// };
    /// let _both = tokio::join!(condition.wait(guard), notifier);
    /// # }
    /// ```
    pub async fn wait<'a, T>(&self, guard: LockGuard<'a, T>) -> LockGuard<'a, T> {
        self.wait_until(guard, None).await.0
    }

    /// The same, but waits for a notification until `timeout` has passed at most; then for the lock, as long as that
    /// takes. Also returns whether it was notified.
    ///
    /// Cancel safe as [`wait`](Condition::wait) is.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::coroutines::{Condition, Lock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (lock, condition) = (Lock::new(), Condition::new());
    /// let (_guard, notified) = condition.wait_timeout(lock.acquire().await, Duration::from_millis(1)).await;
    /// assert!(!notified);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has a clock.
    pub async fn wait_timeout<'a, T>(&self, guard: LockGuard<'a, T>, timeout: Duration) -> (LockGuard<'a, T>, bool) {
        self.wait_until(guard, deadline_after(timeout)).await
    }

    /// Waits until `predicate` is true of what the lock guards. It is called with the lock held, at first and after each
    /// notification. See the example of [`Condition`].
    ///
    /// Cancel safe as [`wait`](Condition::wait) is.
    pub async fn wait_for<'a, T>(
        &self,
        guard: LockGuard<'a, T>,
        predicate: impl FnMut(&mut T) -> bool,
    ) -> LockGuard<'a, T> {
        self.wait_for_until(guard, None, predicate).await.0
    }

    /// The same, but waits until `timeout` has passed at most. Also returns what `predicate` said last: with a timeout of
    /// zero, or too late, it is asked once more all the same.
    ///
    /// Cancel safe as [`wait`](Condition::wait) is.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::coroutines::{Condition, Lock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (lock, condition) = (Lock::guarding(1), Condition::new());
    /// assert!(condition.wait_for_timeout(lock.acquire().await, Duration::ZERO, |number| *number == 1).await.1);
    /// assert!(!condition.wait_for_timeout(lock.acquire().await, Duration::ZERO, |number| *number == 2).await.1);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has a clock.
    pub async fn wait_for_timeout<'a, T>(
        &self,
        guard: LockGuard<'a, T>,
        timeout: Duration,
        predicate: impl FnMut(&mut T) -> bool,
    ) -> (LockGuard<'a, T>, bool) {
        self.wait_for_until(guard, deadline_after(timeout), predicate).await
    }

    /// Wakes `n` of the coroutines that wait now, or all if there are fewer: those that have waited longest. If nobody
    /// waits, nothing happens, now or later. Never waits itself.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::coroutines::{Condition, Lock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (lock, condition) = (Lock::new(), Condition::new());
    /// condition.notify(1); // to nobody
    /// assert!(!condition.wait_timeout(lock.acquire().await, Duration::ZERO).await.1);
    /// # }
    /// ```
    // ANCHOR: notify
    pub fn notify(&self, n: usize) {
        if self.sleeping.load(Ordering::Relaxed) == 0 {
            return; // a coroutine that waits has said so before it gave the lock back
        }
        let mut line = self.line.acquire();
        let called: Vec<_> = iter::from_fn(|| line.sleepers.pop_first()).take(n).collect();
        self.sleeping.store(line.sleepers.len(), Ordering::Relaxed);
        drop(line);
        called.into_iter().for_each(|(_, waker)| waker.wake());
    }
    // ANCHOR_END: notify

    /// Wakes all coroutines that wait now. Never waits itself.
    ///
    /// ```
    /// use chapters::coroutines::{Condition, Lock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (open, changed) = (Lock::guarding(false), Condition::new());
    /// let enter = async || drop(changed.wait_for(open.acquire().await, |open| *open).await);
    /// let opener = async {
    ///     *open.acquire().await = true;
    ///     changed.notify_all();
    /// };
    /// tokio::join!(enter(), enter(), enter(), opener);
    /// # }
    /// ```
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }

    /// How many coroutines wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.sleeping.load(Ordering::Relaxed)
    }

    // ANCHOR: wait
    async fn wait_until<'a, T>(&self, guard: LockGuard<'a, T>, deadline: Option<Instant>) -> (LockGuard<'a, T>, bool) {
        let lock_to_acquire = guard.lock();
        let sleeper = self.join();
        drop(guard);
        match deadline {
            None => sleeper.notified().await,
            Some(deadline) => _ = timeout_at(deadline, sleeper.notified()).await,
        }
        let guard = lock_to_acquire.acquire().await;
        (guard, sleeper.rise())
    }
    // ANCHOR_END: wait

    async fn wait_for_until<'a, T>(
        &self,
        mut guard: LockGuard<'a, T>,
        deadline: Option<Instant>,
        mut predicate: impl FnMut(&mut T) -> bool,
    ) -> (LockGuard<'a, T>, bool) {
        let mut in_time = true;
        loop {
            let holds = predicate(&mut guard);
            if holds || !in_time {
                return (guard, holds);
            }
            (guard, in_time) = self.wait_until(guard, deadline).await;
        }
    }

    /// [`wait_for`](Condition::wait_for) with a thread's lock, which is held for an instant and never over an `await`: so those
    /// who only change what it guards need not be coroutines.
    pub(super) async fn until<'a, T>(
        &self,
        lock: &'a threads::Lock<T>,
        mut predicate: impl FnMut(&mut T) -> bool,
    ) -> threads::LockGuard<'a, T> {
        loop {
            let sleeper = {
                let mut guard = lock.acquire();
                if predicate(&mut guard) {
                    return guard;
                }
                self.join()
            };
            sleeper.notified().await;
            sleeper.rise();
        }
    }

    /// Takes a place in the line, before the lock is given back, so that no notification can be missed.
    fn join(&self) -> Sleeper<'_> {
        let mut line = self.line.acquire();
        let number = line.next;
        line.next += 1;
        line.sleepers.insert(number, Waker::noop().clone());
        self.sleeping.store(line.sleepers.len(), Ordering::Relaxed);
        Sleeper { condition: self, number }
    }
}

/// A place in the line. If it is dropped after it was notified, its coroutine was cancelled, and another is notified in its
/// stead.
#[derive(Debug)]
struct Sleeper<'a> {
    condition: &'a Condition,
    number: u64,
}

impl Sleeper<'_> {
    /// Waits until notified.
    async fn notified(&self) {
        poll_fn(|context| self.poll(context)).await;
    }

    /// Whether it was notified; if not, leaves behind what wakes its coroutine. No waker is dropped while the line is
    /// locked: the last that knew of a task might drop the task with it, and all that it held.
    fn poll(&self, context: &mut Context) -> Poll<()> {
        let mut line = self.condition.line.acquire();
        let Some(waker) = line.sleepers.get_mut(&self.number) else {
            return Poll::Ready(());
        };
        let last = mem::replace(waker, context.waker().clone());
        drop(line);
        drop(last);
        Poll::Pending
    }

    /// Leaves the line for good, and says whether it was notified.
    fn rise(self) -> bool {
        let notified = self.leave();
        mem::forget(self);
        notified
    }

    fn leave(&self) -> bool {
        let mut line = self.condition.line.acquire();
        let waker = line.sleepers.remove(&self.number);
        self.condition.sleeping.store(line.sleepers.len(), Ordering::Relaxed);
        drop(line);
        waker.is_none()
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        if self.leave() {
            self.condition.notify(1);
        }
    }
}

/// When `timeout` will have passed, by tokio's clock; `None` if that is later than it can tell.
fn deadline_after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

#[cfg(test)]
#[path = "tests/condition.rs"]
mod tests;
