//! A condition variable for processes: the counterpart of Python's `multiprocessing.Condition`.
//!
//! A process that holds a [`Lock`] may find that it can't continue yet, for example because a queue is empty.
//! [`wait_for`](Condition::wait_for) releases the lock and blocks until another process has changed the value and called
//! [`notify`](Condition::notify).
//!
//! # Differences from other types
//!
//! [`threads::Condition`](crate::threads::Condition) has the same methods. A waiting process can also be killed:
//!
//! - A process that is killed while it sleeps takes no notification with it. Another waiting process gets it.
//! - A process that is killed after it received a notification, and before it acted on it, leaves the others asleep:
//!   the others can't know what it would have done. [`wait_for`](Condition::wait_for) knows the predicate, so it also checks
//!   it every 50 ms without a notification, and survives any death.
//!
//! In Python, `notify` blocks until the processes that it woke are awake, and hangs if one of them has died. It also raises
//! `AssertionError` if the caller doesn't hold the lock. Here, as in the standard library, the guard says which lock to
//! release, and `notify` may be called without it, if the *change* was made with the lock held.
//!
//! The lock isn't handed to the process that is woken, so another process may acquire it first and change the value again.
//! Call `wait` in a loop; `wait_for` is that loop. A process that waits with `wait_for` gives up its place in the queue
//! every 50 ms and joins it again at its end, so `wait_for` doesn't promise an order among processes that wait for longer.
//!
//! Only the guard of a [`Lock`] is accepted, not that of an [`RLock`](super::RLock): a thread can have several guards of an
//! `RLock`, and `wait` would release the lock while the others still exist. Waiting releases the lock and so commits the
//! changes made through the guard.
//!
//! A working engineer uses `pthread_cond_t` with the *process-shared* attribute and a robust mutex, although POSIX
//! doesn't say what state it's in after a waiting process is killed; or something that the kernel closes when its owner
//! ends: a pipe, a socket, an `eventfd`.
//!
//! # How it works
//!
//! A process that waits first spins for a moment, and watches the number of commits of the lock. A process that changes the
//! value then finds no waiter, and needn't notify. After that, the process enters the queue and sleeps.
//!
//! The queue `Waiters` is the value of a lock of its own, so that a process that is killed leaves it whole. It holds no
//! list: each waiter gets the next *ticket*, a number, and a `Notification` says how many waiters it wakes and below which
//! ticket they are. So a process that starts to wait later can't take it:
//!
//! | Process 1 | Process 2 | Process 3 |
//! | --- | --- | --- |
//! | gets ticket 7, sleeps | | |
//! | | `notify(1)`: one waiter with a ticket below 8 | |
//! | | | gets ticket 8; no notification is for it, so it sleeps |
//! | wakes, and takes the notification | | |
//!
//! There is room for four notifications that haven't been taken. If there are more, the two oldest are merged, and then a
//! process that came between them may wake instead of one that came earlier. Processes that died in the queue count as
//! waiting until they are notified, which does no harm.
//!
//! # The lost wakeup
//!
//! A process enters the queue before it releases the lock, and reads the word that it sleeps on before it releases the
//! queue. A notification in between changes the word, so the kernel doesn't put the process to sleep:
//!
//! | Process 1: `wait` | Process 2 |
//! | --- | --- |
//! | enters the queue, releases the lock | |
//! | reads `NOTIFIED`: 4, releases the queue | |
//! | | changes the value, calls `notify(1)`: `NOTIFIED` is 5 |
//! | calls `futex_wait(4)`, which returns at once | |
//! | finds the notification for its ticket | |
//!
//! # Killed at any point
//!
//! | killed | what the others find |
//! | --- | --- |
//! | before it has entered the queue | nothing |
//! | in the queue | one waiter too many, until it is notified: one unnecessary wake |
//! | after it took a notification | a notification less; `wait_for` checks by itself |
//! | in `notify`, before it woke a process | the notification: a waiter takes it when it checks |
//!
//! Garbage in the queue may take a notification along as well, so only [`wait_for`](Condition::wait_for) survives it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};

use super::lock::{Lock, LockGuard};
use super::os::futex;
use super::os::shared::{LINE, Place, Shared, Words};
use crate::sync::deadline_after;

/// The word that counts the waiters that haven't been notified, so that `notify` needn't lock the queue. Written only with
/// the queue locked.
const WAITING: usize = 0;
/// The word that waiting processes sleep on. It counts notifications, and is changed with the queue locked.
const NOTIFIED: usize = 1;
/// The number of words before the queue.
const WORDS: usize = LINE;

/// How long `wait_for` sleeps before it checks the predicate without a notification. With many waiters it takes longer, so
/// that together they check about once a millisecond. The maximum is also for garbage in place of their number.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
const POLL_INTERVAL_EACH: Duration = Duration::from_millis(1);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How many changes of the value `wait_for` watches before it enters the queue.
const SPIN_LIMIT: usize = 10;

/// How many notifications there can be that haven't been taken by all that they are for.
const NOTIFICATIONS: usize = 4;

/// A queue of processes that wait for a change to the value of a [`Lock`]. Its clones are the same condition.
///
/// ```
/// use std::sync::Arc;
/// use chapters::processes::{Condition, Lock, shared::Shared};
///
/// # fn main() -> std::io::Result<()> {
/// let memory = Arc::new(Shared::new(64)?);
/// let (jobs, added) = (Lock::guarding(&memory, 0)?, Condition::new(&memory)?);
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let mut jobs = added.wait_for(jobs.acquire(), |jobs| *jobs > 0);
///         *jobs -= 1;
///     });
///     *jobs.acquire() += 1;
///     added.notify(1);
/// });
/// assert_eq!(*jobs.acquire(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Condition {
    words: Words,
    waiters: Lock<Waiters>,
}

/// The queue of waiting processes. Arithmetic saturates, so that garbage in the memory isn't a panic.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
struct Waiters {
    /// The ticket of the next process that waits.
    next_ticket: u64,
    /// How many processes are in the queue, including those that were notified and haven't left it.
    count: u64,
    /// The notifications that haven't been taken, the oldest first; then unused ones.
    notifications: [Notification; NOTIFICATIONS],
}

/// A notification for `left` waiters with tickets below `limit`. Unused if `left` is zero.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
struct Notification {
    limit: u64,
    left: u64,
}

impl Waiters {
    /// Adds a waiter, and returns its ticket.
    fn enqueue(&mut self) -> u64 {
        let ticket = self.next_ticket;
        self.count = self.count.saturating_add(1);
        self.next_ticket = ticket.wrapping_add(1);
        ticket
    }

    /// Notifies `n` waiters, or all if there are fewer. Returns how many that is.
    fn notify(&mut self, n: u64) -> u64 {
        let left = n.min(self.waiting());
        if left > 0 && self.notifications[NOTIFICATIONS - 1].left > 0 {
            let oldest = self.notifications[0].left;
            self.notifications[1].left = self.notifications[1].left.saturating_add(oldest);
            self.notifications.rotate_left(1);
            self.notifications[NOTIFICATIONS - 1] = Notification::default();
        }
        if let Some(unused) = self.notifications.iter_mut().find(|notification| notification.left == 0) {
            *unused = Notification { limit: self.next_ticket, left };
        }
        left
    }

    /// How many waiters haven't been notified.
    fn waiting(&self) -> u64 {
        let notified =
            self.notifications.iter().fold(0, |sum: u64, notification| sum.saturating_add(notification.left));
        self.count.saturating_sub(notified)
    }

    /// Returns the index of the oldest notification for this ticket.
    fn notification_for(&self, ticket: u64) -> Option<usize> {
        self.notifications.iter().position(|notification| notification.left > 0 && ticket < notification.limit)
    }

    /// Removes a waiter. Takes a notification for its ticket if there is one, and returns whether there was.
    fn dequeue(&mut self, ticket: u64) -> bool {
        self.count = self.count.saturating_sub(1);
        let notification = self.notification_for(ticket);
        if let Some(index) = notification {
            self.notifications[index].left -= 1;
            if self.notifications[index].left == 0 {
                self.notifications[index..].rotate_left(1);
            }
        }
        notification.is_some()
    }
}

impl Condition {
    /// The number of words of shared memory that a condition needs.
    pub const WORDS: usize = WORDS + Lock::<Waiters>::WORDS;

    /// Creates a condition that no process is waiting for.
    ///
    /// # Errors
    ///
    /// If fewer than [`Condition::WORDS`] words of `memory` are left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::at(memory, memory.place(Self::WORDS)?)
    }

    /// Opens the condition that another process created at `place`. [`Lock::at`] has an example.
    ///
    /// # Errors
    ///
    /// If the words at `place` weren't allocated.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        Ok(Self { words: memory.at(place, WORDS)?, waiters: Lock::at(memory, place.after(WORDS))? })
    }

    /// Returns where it is in the memory, to be sent to other processes.
    pub fn place(&self) -> Place {
        self.words.place()
    }

    /// Releases the lock, blocks until notified, and acquires the lock again.
    ///
    /// The returned guard is [abandoned](LockGuard::is_abandoned) only if the last holder panicked or died during the wait.
    /// It doesn't repeat what `guard` reported.
    ///
    /// # Deadlocks
    ///
    /// Blocks forever if no process calls [`notify`](Condition::notify), for example because the one that would have called
    /// it was killed. [`wait_for`](Condition::wait_for) returns if that process made the change before.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{Condition, Lock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(64)?);
    /// let (lock, condition) = (Lock::new(&memory)?, Condition::new(&memory)?);
    /// std::thread::scope(|scope| {
    ///     let guard = lock.acquire();
    ///     scope.spawn(|| {
    ///         let _guard = lock.acquire(); // blocks until the other thread is waiting
    ///         condition.notify(1);
    ///     });
    ///     let _guard = condition.wait(guard);
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait<'a, T: Pod>(&self, guard: LockGuard<'a, T>) -> LockGuard<'a, T> {
        self.wait_until(guard, None).0
    }

    /// Like [`wait`](Condition::wait), but stops waiting for a notification after `timeout`.
    ///
    /// Also returns whether the process was notified. The timeout doesn't apply to acquiring the lock again.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::processes::{Condition, Lock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(64)?);
    /// let (lock, condition) = (Lock::new(&memory)?, Condition::new(&memory)?);
    /// let (_guard, notified) = condition.wait_timeout(lock.acquire(), Duration::from_millis(1));
    /// assert!(!notified);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_timeout<'a, T: Pod>(&self, guard: LockGuard<'a, T>, timeout: Duration) -> (LockGuard<'a, T>, bool) {
        self.wait_until(guard, deadline_after(timeout))
    }

    /// Blocks until `predicate` returns true for the value that the lock guards.
    ///
    /// Calls `predicate` with the lock held: once before waiting, after each notification, and at least every 50 ms per
    /// waiting process. The returned guard is [abandoned](LockGuard::is_abandoned) if `guard` was, or if the lock was
    /// abandoned when `predicate` was called. [`Condition`] has an example.
    ///
    /// # Panics
    ///
    /// If `predicate` panics. The lock is then released, and the next guard is abandoned.
    #[inline]
    pub fn wait_for<'a, T: Pod>(&self, guard: LockGuard<'a, T>, predicate: impl FnMut(&T) -> bool) -> LockGuard<'a, T> {
        self.wait_for_until(guard, None, predicate).0
    }

    /// Like [`wait_for`](Condition::wait_for), but stops waiting after `timeout`.
    ///
    /// Also returns the last result of `predicate`, which is called once more after the timeout. Acquiring the lock again
    /// can take longer.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::processes::{Condition, Lock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(64)?);
    /// let (lock, condition) = (Lock::guarding(&memory, 1)?, Condition::new(&memory)?);
    /// assert!(condition.wait_for_timeout(lock.acquire(), Duration::ZERO, |number| *number == 1).1);
    /// assert!(!condition.wait_for_timeout(lock.acquire(), Duration::ZERO, |number| *number == 2).1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_for_timeout<'a, T: Pod>(
        &self,
        guard: LockGuard<'a, T>,
        timeout: Duration,
        predicate: impl FnMut(&T) -> bool,
    ) -> (LockGuard<'a, T>, bool) {
        self.wait_for_until(guard, deadline_after(timeout), predicate)
    }

    /// Wakes `n` of the waiting processes, or all of them if there are fewer.
    ///
    /// Processes that start waiting later aren't affected, so this does nothing if no process is waiting. It never waits for
    /// the processes to run.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::processes::{Condition, Lock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(64)?);
    /// let (lock, condition) = (Lock::new(&memory)?, Condition::new(&memory)?);
    /// condition.notify(1); // no process is waiting
    /// assert!(!condition.wait_timeout(lock.acquire(), Duration::ZERO).1);
    /// # Ok(())
    /// # }
    /// ```
    // ANCHOR: notify
    #[inline]
    pub fn notify(&self, n: usize) {
        if self.words[WAITING].load(Ordering::Relaxed) == 0 {
            return; // a waiting process updates the word before it releases the lock
        }
        let mut waiters = self.waiters.acquire();
        let notified = waiters.notify(n as u64) as usize;
        self.words[WAITING].store(waiters.waiting(), Ordering::Relaxed);
        self.words[NOTIFIED].fetch_add(1, Ordering::Relaxed);
        drop(waiters);
        // A process that was about to sleep sees the new count, and the kernel wakes those first that slept first.
        futex::wake(&self.words[NOTIFIED], notified);
    }
    // ANCHOR_END: notify

    /// Wakes all processes that are waiting.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{Condition, Lock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(64)?);
    /// let (open, changed) = (Lock::guarding(&memory, 0)?, Condition::new(&memory)?);
    /// std::thread::scope(|scope| {
    ///     for _ in 0..3 {
    ///         scope.spawn(|| drop(changed.wait_for(open.acquire(), |open| *open == 1)));
    ///     }
    ///     *open.acquire() = 1;
    ///     changed.notify_all();
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }

    /// Returns how many processes are waiting and haven't been notified.
    pub(super) fn waiting(&self) -> usize {
        self.words[WAITING].load(Ordering::Relaxed) as usize
    }

    // ANCHOR: wait
    /// Waits for a notification until the deadline, and returns whether there was one.
    fn wait_until<'a, T: Pod>(&self, guard: LockGuard<'a, T>, deadline: Option<Instant>) -> (LockGuard<'a, T>, bool) {
        let lock_to_acquire = guard.lock();
        let mut waiters = self.waiters.acquire();
        let ticket = waiters.enqueue();
        self.words[WAITING].store(waiters.waiting(), Ordering::Relaxed);
        drop(guard);
        let mut in_time = true;
        while waiters.notification_for(ticket).is_none() && in_time {
            let seen = self.words[NOTIFIED].load(Ordering::Relaxed);
            drop(waiters);
            let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            futex::wait(&self.words[NOTIFIED], seen, left.min(self.poll_interval()));
            waiters = self.waiters.acquire();
            in_time = !left.is_zero();
        }
        let notified = waiters.dequeue(ticket);
        self.words[WAITING].store(waiters.waiting(), Ordering::Relaxed);
        drop(waiters);
        (lock_to_acquire.acquire(), notified)
    }
    // ANCHOR_END: wait

    #[inline]
    pub(super) fn wait_for_until<'a, T: Pod>(
        &self,
        guard: LockGuard<'a, T>,
        deadline: Option<Instant>,
        mut predicate: impl FnMut(&T) -> bool,
    ) -> (LockGuard<'a, T>, bool) {
        self.watch_until(guard, deadline, |guard, _| predicate(guard))
    }

    /// Like `wait_for_until`, but `predicate` also gets whether to check that the processes which it depends on are alive.
    /// That happens when no notification has arrived for some time, at regular intervals also among many notifications, and
    /// at least once before the deadline passes.
    #[inline]
    pub(super) fn watch_until<'a, T: Pod>(
        &self,
        mut guard: LockGuard<'a, T>,
        deadline: Option<Instant>,
        mut predicate: impl FnMut(&mut LockGuard<'a, T>, bool) -> bool,
    ) -> (LockGuard<'a, T>, bool) {
        let (mut check, mut in_time, mut abandoned) = (false, true, false);
        let mut next_check = None;
        let mut spins = SPIN_LIMIT;
        loop {
            // The caller gets only the last guard, so that one has to report what the earlier ones reported.
            abandoned |= guard.is_abandoned();
            let holds = predicate(&mut guard, check);
            if holds || !in_time && check {
                if abandoned {
                    guard.mark_abandoned();
                }
                return (guard, holds);
            }
            if spins > 0 {
                let (lock, seen) = (guard.lock(), guard.commits());
                drop(guard);
                let in_vain = futex::spin_while(|| lock.commits() == seen);
                spins = if in_vain { 0 } else { spins - 1 };
                (guard, check) = (lock.acquire(), false);
            } else {
                let poll = next_check.unwrap_or_else(|| deadline_after(self.poll_interval()));
                let next = deadline.map_or(poll, |deadline| poll.map(|poll| poll.min(deadline)));
                let notified;
                (guard, notified) = self.wait_until(guard, next);
                let now = Instant::now();
                in_time = deadline.is_none_or(|deadline| now < deadline);
                check = !notified || poll.is_some_and(|poll| now >= poll);
                next_check = (!check).then_some(poll);
                spins = SPIN_LIMIT;
            }
        }
    }

    fn poll_interval(&self) -> Duration {
        POLL_INTERVAL.max(POLL_INTERVAL_EACH.saturating_mul(self.waiting() as u32)).min(MAX_POLL_INTERVAL)
    }
}

#[cfg(test)]
#[path = "tests/condition.rs"]
mod tests;
