//! Where threads wait until something that a lock guards has changed: Python's `threading.Condition`.
//!
//! It differs from [`std::sync::Condvar`], which a working engineer reaches for, in three promises that Python makes. A
//! thread returns from [`wait`](Condition::wait) because it was notified, and for no other reason. [`notify`](
//! Condition::notify) wakes a number of threads, and exactly so many of those that wait at that moment: nobody who
//! comes later can take the notification away from them. And a wait with a timeout says truly which of both it was.
//!
//! A Python condition is made with its lock. Here the guard says which lock it is, as in the standard library, and
//! notifying without holding it is allowed, where Python raises `RuntimeError`. It is right as long as the *change* was
//! made under the lock. What a thread that was woken finds may have changed again: the lock is not handed to it, and
//! others may come first. So one waits for a condition in a loop, and [`wait_for`](Condition::wait_for) is that loop.
//!
//! One waits with the guard of a [`Lock`], not of an [`RLock`](super::RLock), although that is what a
//! Python condition makes for itself: a thread may have several guards of an `RLock`, and those that it keeps would lie
//! while it waits.
//!
//! There is a line of sleepers, as in Python, and each has a bed of its own: a notification has an addressee, so that
//! neither a newcomer nor one whose time is up can take it away. A bed is a lock, as in Python: the sleeper has taken it
//! when it joins the line, and sleeps by taking it again, which it can when whoever notifies has given it back.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Lock, LockGuard};
use crate::sync::{AtomicUsize, Mutex, Ordering, deadline_after, lock};

/// Where threads wait, with the lock free, until they are notified.
///
/// ```
/// use chapters::threads::{Condition, Lock};
///
/// let (jobs, added) = (Lock::guarding(Vec::new()), Condition::new());
/// std::thread::scope(|scope| {
///     let worker = scope.spawn(|| added.wait_for(jobs.acquire(), |jobs| !jobs.is_empty()).pop());
///     jobs.acquire().push("a job");
///     added.notify(1);
///     assert_eq!(worker.join().unwrap(), Some("a job"));
/// });
/// ```
#[derive(Debug, Default)]
pub struct Condition {
    /// The beds of those who wait, and have not been notified. First come, first served.
    line: Mutex<VecDeque<Arc<Lock>>>,
    /// How many there are. Changed with the line locked.
    sleeping: AtomicUsize,
}

impl Condition {
    /// Makes a condition that nobody waits for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the lock back, blocks until notified, and blocks until the lock is acquired again.
    ///
    /// ```
    /// use chapters::threads::{Condition, Lock};
    ///
    /// let (lock, condition) = (Lock::new(), Condition::new());
    /// std::thread::scope(|scope| {
    ///     let guard = lock.acquire();
    ///     scope.spawn(|| {
    ///         let _guard = lock.acquire(); // not before the other one waits
    ///         condition.notify(1);
    ///     });
    ///     let _guard = condition.wait(guard);
    /// });
    /// ```
    pub fn wait<'a, T>(&self, guard: LockGuard<'a, T>) -> LockGuard<'a, T> {
        self.wait_until(guard, None).0
    }

    /// The same, but blocks for a notification until `timeout` has passed at most; then for the lock, as long as that
    /// takes. Also returns whether it was notified.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::threads::{Condition, Lock};
    ///
    /// let lock = Lock::new();
    /// let (_guard, notified) = Condition::new().wait_timeout(lock.acquire(), Duration::from_millis(1));
    /// assert!(!notified);
    /// ```
    pub fn wait_timeout<'a, T>(&self, guard: LockGuard<'a, T>, timeout: Duration) -> (LockGuard<'a, T>, bool) {
        self.wait_until(guard, deadline_after(timeout))
    }

    /// Blocks until `predicate` is true of what the lock guards. It is called with the lock held, at first and after each
    /// notification. See the example of [`Condition`].
    pub fn wait_for<'a, T>(&self, guard: LockGuard<'a, T>, predicate: impl FnMut(&mut T) -> bool) -> LockGuard<'a, T> {
        self.wait_for_until(guard, None, predicate).0
    }

    /// The same, but blocks until `timeout` has passed at most. Also returns what `predicate` said last: with a timeout of
    /// zero, or too late, it is asked once more all the same.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::threads::{Condition, Lock};
    ///
    /// let (lock, condition) = (Lock::guarding(1), Condition::new());
    /// assert!(condition.wait_for_timeout(lock.acquire(), Duration::ZERO, |number| *number == 1).1);
    /// assert!(!condition.wait_for_timeout(lock.acquire(), Duration::ZERO, |number| *number == 2).1);
    /// ```
    pub fn wait_for_timeout<'a, T>(
        &self,
        guard: LockGuard<'a, T>,
        timeout: Duration,
        predicate: impl FnMut(&mut T) -> bool,
    ) -> (LockGuard<'a, T>, bool) {
        self.wait_for_until(guard, deadline_after(timeout), predicate)
    }

    /// Wakes `n` of the threads that wait now, or all if there are fewer. If nobody waits, nothing happens, now or later.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::threads::{Condition, Lock};
    ///
    /// let (lock, condition) = (Lock::new(), Condition::new());
    /// condition.notify(1); // to nobody
    /// assert!(!condition.wait_timeout(lock.acquire(), Duration::ZERO).1);
    /// ```
    // ANCHOR: notify
    pub fn notify(&self, n: usize) {
        if self.sleeping.load(Ordering::Relaxed) == 0 {
            return; // a thread that waits has said so before it gave the lock back
        }
        self.call(n).iter().for_each(|bed| bed.release());
    }

    /// Takes the first `n` of those that wait out of the line.
    pub(super) fn call(&self, n: usize) -> Vec<Arc<Lock>> {
        let mut line = lock(&self.line);
        let n = n.min(line.len());
        let called = line.drain(..n).collect();
        self.sleeping.store(line.len(), Ordering::Relaxed);
        called
    }
    // ANCHOR_END: notify

    /// Wakes all threads that wait now.
    ///
    /// ```
    /// use chapters::threads::{Condition, Lock};
    ///
    /// let (open, changed) = (Lock::guarding(false), Condition::new());
    /// std::thread::scope(|scope| {
    ///     for _ in 0..3 {
    ///         scope.spawn(|| drop(changed.wait_for(open.acquire(), |open| *open)));
    ///     }
    ///     *open.acquire() = true;
    ///     changed.notify_all();
    /// });
    /// ```
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }

    /// How many threads wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.sleeping.load(Ordering::Relaxed)
    }

    // ANCHOR: wait
    fn wait_until<'a, T>(&self, guard: LockGuard<'a, T>, deadline: Option<Instant>) -> (LockGuard<'a, T>, bool) {
        let lock_to_acquire = guard.lock();
        let bed = self.join();
        drop(guard);
        let notified = bed.acquire_until(deadline).is_some() || !self.leave(&bed);
        (lock_to_acquire.acquire(), notified)
    }

    /// Takes a place in the line, with a bed that is taken until somebody notifies.
    pub(super) fn join(&self) -> Arc<Lock> {
        let bed = Arc::new(Lock::new());
        mem::forget(bed.acquire());
        let mut line = lock(&self.line);
        line.push_back(Arc::clone(&bed));
        self.sleeping.store(line.len(), Ordering::Relaxed);
        bed
    }
    // ANCHOR_END: wait

    /// Leaves the line, and says whether that was possible: who was called is no longer in it.
    pub(super) fn leave(&self, bed: &Arc<Lock>) -> bool {
        let mut line = lock(&self.line);
        let place = line.iter().position(|other| Arc::ptr_eq(other, bed));
        place.map(|place| line.remove(place));
        self.sleeping.store(line.len(), Ordering::Relaxed);
        place.is_some()
    }

    fn wait_for_until<'a, T>(
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
            (guard, in_time) = self.wait_until(guard, deadline);
        }
    }
}
