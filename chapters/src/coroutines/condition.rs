//! A condition variable for coroutines: the counterpart of Python's `asyncio.Condition`.
//!
//! A coroutine that holds a [`Lock`](super::Lock) may find that it can't go on yet, for example because a queue is
//! empty. [`wait_for`](Condition::wait_for) releases the lock and waits until another coroutine has changed the value
//! and called [`notify`](Condition::notify).
//!
//! # Differences from other types
//!
//! Most programs use a channel instead. Code that implements a channel or a lock uses [`tokio::sync::Notify`] or the
//! crate event-listener, which async-channel and async-lock are built on. Both are queues of waiters without a lock. A
//! `Notify` remembers one notification that arrives while no coroutine is waiting; a condition doesn't remember any.
//!
//! A thread that waits for a [`threads::Condition`] is asleep until the operating system wakes it. A coroutine that
//! waits has returned to its event loop and left a [`Waker`] behind. Notifying it means calling the waker, which asks
//! the loop to poll the coroutine again. Only a coroutine can be *canceled* while it waits, that is, dropped.
//!
//! In Python, a condition is created with its lock, and `notify` without holding it raises `RuntimeError`. Here, the
//! guard says which lock to release, and `notify` may be called after releasing it. The type accepts only the guard of
//! a [`Lock`](super::Lock): a task can have several guards of an [`RLock`](super::RLock), and `wait` would release the
//! lock while the others still exist.
//!
//! # Using a condition correctly
//!
//! - Change the value with the lock held.
//! - Wait in a loop. The lock isn't handed to the coroutine that was notified, so another one may acquire it first and
//!   change the value again. `wait_for` is that loop.
//!
//! # How it works
//!
//! Each waiting coroutine has an entry in `waiters`, a map from a number to a waker. The numbers count up, so the first
//! entry belongs to the coroutine that has been waiting the longest. `notify` removes entries and calls their wakers. A
//! coroutine that is polled and doesn't find its entry has been notified. Because every entry has a number of its own,
//! a coroutine that starts waiting later can't take a notification from the others.
//!
//! A coroutine adds its entry before it releases the lock, so that it can't miss a notification;
//! [`threads::Condition`](crate::threads::condition) explains why. Until its first poll, the entry holds a waker that
//! does nothing.
//!
//! # Notification and cancellation
//!
//! A coroutine may be canceled after it was notified, and before it runs again. It passes the notification on:
//!
//! | Task 1: `wait` | Task 2: `wait` | Task 3 |
//! | --- | --- | --- |
//! | adds entry 1 and waits | | |
//! | | adds entry 2 and waits | |
//! | | | `notify(1)` removes entry 1 and wakes Task 1 |
//! | | | aborts Task 1 |
//! | is dropped, and doesn't find its entry: it was notified | | |
//! | calls `notify(1)`, which removes entry 2 | | |
//! | | returns from `wait` | |
//!
//! Without the last step of Task 1, the notification would be lost and Task 2 would wait forever, although Task 3 meant
//! it for a waiting coroutine. asyncio passes notifications on in Python 3.13, but loses them in 3.12.1.
//!
//! A timeout is a cancellation too, but only of the wait for the notification. If both happen at the same time, the
//! coroutine finds that its entry is gone and reports that it was notified.
//!
//! A notification is also stuck while the notified coroutine is neither polled nor dropped; see
//! [futurelock](super#futurelock).

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::{iter, mem};

use tokio::time::{Instant, timeout_at};

use super::lock::LockGuard;
use crate::threads;

/// A queue of coroutines that wait for a change to the value of a [`Lock`](super::Lock).
///
/// # Examples
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
    /// The coroutines that are waiting and haven't been notified. Locked only for an instant, never over an `await`.
    waiters: threads::Lock<Waiters>,
    /// The number of `waiters`. Written only with `waiters` locked.
    num_waiters: AtomicUsize,
}

#[derive(Debug, Default)]
struct Waiters {
    /// The number of the next coroutine to wait.
    next: u64,
    /// The wakers by number, and so in order of arrival.
    wakers: BTreeMap<u64, Waker>,
}

impl Condition {
    /// Creates a condition that no coroutine is waiting for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Releases the lock, waits until notified, and acquires the lock again.
    ///
    /// The coroutine is in the queue before the lock is released, so it can't miss a notification for a change made
    /// after that. Call this in a loop, or use [`wait_for`](Condition::wait_for): when it returns, another coroutine
    /// may have changed the value again.
    ///
    /// The returned guard is [abandoned](LockGuard::is_abandoned) only if the last holder panicked during the wait. It
    /// doesn't repeat a panic that `guard` reported.
    ///
    /// # Cancel safety
    ///
    /// A canceled coroutine leaves the queue without acquiring the lock. If it has been notified, the next coroutine
    /// in the queue gets the notification. In asyncio, a canceled `wait` acquires the lock first, because the code
    /// around it may still use the value; here, the guard is gone.
    ///
    /// # Deadlocks
    ///
    /// Waits forever if [`notify`](Condition::notify) isn't called. Other locks that the coroutine holds stay locked,
    /// so the notifying coroutine must not need them.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::coroutines::{Condition, Lock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (lock, condition) = (Lock::new(), Condition::new());
    /// let guard = lock.acquire().await;
    /// let notifier = async {
    ///     let _guard = lock.acquire().await; // waits until the other coroutine has released the lock
    ///     condition.notify(1);
    /// };
    /// let _both = tokio::join!(condition.wait(guard), notifier);
    /// # }
    /// ```
    pub async fn wait<'a, T>(&self, guard: LockGuard<'a, T>) -> LockGuard<'a, T> {
        self.wait_until(guard, None).await.0
    }

    /// Like [`wait`](Condition::wait), but stops waiting for a notification after `timeout`.
    ///
    /// Also returns whether the coroutine was notified. The timeout doesn't apply to acquiring the lock again, so this
    /// can take longer if another coroutine holds the lock.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Condition::wait).
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
    /// use chapters::coroutines::{Condition, Lock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (lock, condition) = (Lock::new(), Condition::new());
    /// let (_guard, notified) = condition.wait_timeout(lock.acquire().await, Duration::from_millis(1)).await;
    /// assert!(!notified);
    /// # }
    /// ```
    pub async fn wait_timeout<'a, T>(&self, guard: LockGuard<'a, T>, timeout: Duration) -> (LockGuard<'a, T>, bool) {
        self.wait_until(guard, deadline_after(timeout)).await
    }

    /// Waits until `predicate` returns true for the value that the lock guards.
    ///
    /// Calls `predicate` with the lock held: once before waiting, and again after each notification. If it returns true
    /// the first time, the lock isn't released. [`Condition`] has an example.
    ///
    /// The returned guard is [abandoned](LockGuard::is_abandoned) if `guard` was, or if the lock was abandoned when
    /// `predicate` was called. So `predicate` may see an inconsistent value before the caller learns of the panic.
    ///
    /// # Cancel safety and deadlocks
    ///
    /// As for [`wait`](Condition::wait).
    ///
    /// # Panics
    ///
    /// If `predicate` panics. The lock is then released, and the next guard is abandoned.
    pub async fn wait_for<'a, T>(
        &self,
        guard: LockGuard<'a, T>,
        predicate: impl FnMut(&mut T) -> bool,
    ) -> LockGuard<'a, T> {
        self.wait_for_until(guard, None, predicate).await.0
    }

    /// Like [`wait_for`](Condition::wait_for), but stops waiting for notifications after `timeout`.
    ///
    /// Also returns the last result of `predicate`. After the timeout, `predicate` is called once more, so the result
    /// describes the value that the returned guard gives access to.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Condition::wait).
    ///
    /// # Panics
    ///
    /// If `predicate` panics, or if it isn't polled in a tokio runtime with time enabled.
    ///
    /// # Examples
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
    pub async fn wait_for_timeout<'a, T>(
        &self,
        guard: LockGuard<'a, T>,
        timeout: Duration,
        predicate: impl FnMut(&mut T) -> bool,
    ) -> (LockGuard<'a, T>, bool) {
        self.wait_for_until(guard, deadline_after(timeout), predicate).await
    }

    /// Wakes `n` of the waiting coroutines, those that have been waiting the longest, or all of them if there are
    /// fewer.
    ///
    /// Coroutines that start waiting later aren't affected, so this does nothing if no coroutine is waiting. It never
    /// waits itself. The coroutines return from [`wait`](Condition::wait) one at a time, as they acquire the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::coroutines::{Condition, Lock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (lock, condition) = (Lock::new(), Condition::new());
    /// condition.notify(1); // no coroutine is waiting
    /// assert!(!condition.wait_timeout(lock.acquire().await, Duration::ZERO).await.1);
    /// # }
    /// ```
    // ANCHOR: notify
    pub fn notify(&self, n: usize) {
        // Can't miss a waiting coroutine: it updates `num_waiters` before it releases the lock.
        if self.num_waiters.load(Ordering::Relaxed) == 0 {
            return;
        }
        for waker in self.dequeue(n) {
            waker.wake();
        }
    }

    /// Removes the first `n` waiters from the queue. The caller must wake them.
    fn dequeue(&self, n: usize) -> Vec<Waker> {
        let mut waiters = self.waiters.acquire();
        let dequeued = iter::from_fn(|| waiters.wakers.pop_first()).take(n).map(|(_, waker)| waker).collect();
        self.num_waiters.store(waiters.wakers.len(), Ordering::Relaxed);
        dequeued
    }
    // ANCHOR_END: notify

    /// Wakes all coroutines that are waiting. Never waits itself.
    ///
    /// # Examples
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

    // ANCHOR: wait
    /// Waits for a notification until the deadline, and returns whether there was one.
    async fn wait_until<'a, T>(&self, guard: LockGuard<'a, T>, deadline: Option<Instant>) -> (LockGuard<'a, T>, bool) {
        let lock = guard.lock();
        // In this order, so that the coroutine can't miss a notification.
        let waiter = self.enqueue();
        drop(guard);
        before(deadline, waiter.park()).await;
        let guard = lock.acquire().await;
        // If the waiter has left the queue, it was notified, perhaps just as the deadline passed.
        (guard, !waiter.remove())
    }

    /// Adds the calling coroutine to the queue.
    pub(super) fn enqueue(&self) -> Waiter<'_> {
        let mut waiters = self.waiters.acquire();
        let number = waiters.next;
        waiters.next += 1;
        waiters.wakers.insert(number, Waker::noop().clone());
        self.num_waiters.store(waiters.wakers.len(), Ordering::Relaxed);
        Waiter { condition: self, number }
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
            let abandoned = guard.is_abandoned();
            (guard, in_time) = self.wait_until(guard, deadline).await;
            // The caller gets only the last guard, so that one has to report what the earlier ones reported.
            if abandoned {
                guard.mark_abandoned();
            }
        }
    }

    /// Like [`wait_for`](Condition::wait_for), but with a lock for threads, which is held only for an instant and never
    /// over an `await`. The primitives in this folder use it, so that `release`, `set` and `put` needn't be `async`.
    pub(super) async fn wait_for_sync<'a, T>(
        &self,
        lock: &'a threads::Lock<T>,
        mut predicate: impl FnMut(&mut T) -> bool,
    ) -> threads::LockGuard<'a, T> {
        loop {
            let waiter = {
                let mut guard = lock.acquire();
                if predicate(&mut guard) {
                    return guard;
                }
                self.enqueue()
            };
            waiter.park().await;
            waiter.remove();
        }
    }
}

/// One waiting coroutine: an entry in the queue, or, once it was notified, the duty to use the notification.
///
/// If it is dropped after it was notified, its coroutine was canceled, and the next one in the queue is notified.
#[derive(Debug)]
pub(super) struct Waiter<'a> {
    condition: &'a Condition,
    number: u64,
}

impl Waiter<'_> {
    /// Waits until notified.
    pub(super) async fn park(&self) {
        poll_fn(|context| self.poll(context)).await;
    }

    /// Returns `Ready` if the waiter was notified. If it wasn't, stores the waker for the next notification.
    fn poll(&self, context: &mut Context) -> Poll<()> {
        let mut waiters = self.condition.waiters.acquire();
        let Some(waker) = waiters.wakers.get_mut(&self.number) else {
            return Poll::Ready(());
        };
        let last = mem::replace(waker, context.waker().clone());
        // Dropping the last waker of a task drops the task, and with it values whose destructors may use this
        // condition. So no waker is dropped while `waiters` is locked.
        drop(waiters);
        drop(last);
        Poll::Pending
    }

    /// Removes the waiter from the queue. Returns false if `dequeue` removed it earlier, which means that the coroutine
    /// was notified.
    pub(super) fn remove(self) -> bool {
        let removed = self.remove_entry();
        mem::forget(self);
        removed
    }

    fn remove_entry(&self) -> bool {
        let mut waiters = self.condition.waiters.acquire();
        let waker = waiters.wakers.remove(&self.number);
        self.condition.num_waiters.store(waiters.wakers.len(), Ordering::Relaxed);
        drop(waiters);
        waker.is_some()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if !self.remove_entry() {
            self.condition.notify(1);
        }
    }
}

/// Awaits `future`, and returns `None` if the deadline passes first.
pub(super) async fn before<T>(deadline: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match deadline {
        None => Some(future.await),
        Some(deadline) => timeout_at(deadline, future).await.ok(),
    }
}

/// Returns when `timeout` will have passed by tokio's clock, or `None` if the clock can't represent that time.
pub(super) fn deadline_after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}
