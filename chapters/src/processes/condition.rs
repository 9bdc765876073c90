//! Where processes wait until something that a lock guards has changed: Python's `multiprocessing.Condition`.
//!
//! It differs from [`threads::Condition`](crate::threads::Condition) in what may happen to those who wait. One that is
//! killed in its sleep takes no notification along: another one of those who slept gets it. Only one that was killed
//! after it had taken a notification, and before it did anything about it, leaves the others asleep, as nobody can tell
//! what it meant to do. So [`wait_for`](Condition::wait_for), which knows what one waits for, also looks by itself from
//! time to time. Whatever waits with it survives any death.
//!
//! In Python, `notify` blocks until those that it woke are awake, and hangs if one of them has died. A Python condition is
//! made with its lock. Here the guard says which lock it is, and notifying without holding it is allowed, where Python
//! raises `AssertionError`. It is right as long as the *change* was made under the lock. What a process that was woken
//! finds may have changed again: the lock is not handed to it, and others may come first. So one waits for a condition in
//! a loop, and `wait_for` is that loop.
//!
//! One waits with the guard of a [`Lock`], not of an [`RLock`](super::RLock), although that is what a Python condition makes
//! for itself: a thread may have several guards of an `RLock`, and those that it keeps would lie while it waits. Waiting
//! gives the guard back, and so commits what was changed through it.
//!
//! A working engineer reaches for `pthread_cond_t`, *process-shared*, with a robust mutex; what is in it when a process
//! that waits is killed, POSIX leaves open. Or better, for something that the kernel closes when its owner ends: a pipe, a
//! socket, an `eventfd`.
//!
//! # How it works
//!
//! Whoever waits for something first looks for a moment, without sleeping, whether somebody changes what the lock guards,
//! which the lock counts. Whoever changes it then finds nobody to notify. Only one that has looked in vain joins the line.
//!
//! Whoever waits takes a number. A notification is for numbers below the one that comes next, and for so many of them. So
//! nobody who comes later can take it. The line of those who wait is the value of a lock, which a death leaves whole. It
//! has room for a few notifications that nobody has taken yet; if there are more, the oldest two are made one, and then
//! it may happen that one who came between the two wakes in place of one who came before. Those who died in the line are
//! counted as waiting until they are notified, and do no harm.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};

use super::lock::{Lock, LockGuard};
use super::os::futex;
use super::os::shared::{LINE, Place, Shared, Words};
use crate::sync::deadline_after;

/// Which word says how many wait and have not been notified, to those who do not look into the line. Changed with the line
/// locked.
const WAITING: usize = 0;
/// Which word those sleep on who wait. It counts notifications, and is changed with the line locked.
const NOTIFIED: usize = 1;
/// How many words there are before the line.
const WORDS: usize = LINE;

/// How long one waits before one looks by oneself. In a crowd it takes longer, so that all together look about once a
/// millisecond.
const LOOK: Duration = Duration::from_millis(50);
const LOOK_EACH: Duration = Duration::from_millis(1);

/// How often one looks what others have changed, before one joins those who must be notified.
const SPINS: usize = 10;

/// How many notifications can be told apart that have not all been taken.
const CALLS: usize = 4;

/// Where processes wait, with the lock free, until they are notified. Its clones are the same condition.
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
    line: Lock<Line>,
}

#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
struct Line {
    /// The number of the next one to wait.
    next: u64,
    /// How many wait.
    sleeping: u64,
    /// Who was notified and has not left yet, the oldest first; then unused ones.
    calls: [Call; CALLS],
}

/// A notification of `left` of those who wait, which have numbers below `limit`. Unused if none is left.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
struct Call {
    limit: u64,
    left: u64,
}

impl Line {
    fn join(&mut self) -> u64 {
        self.sleeping += 1;
        self.next += 1;
        self.next - 1
    }

    /// Notifies `n` of those who wait, or all if there are fewer. Returns how many that is.
    fn call(&mut self, n: u64) -> u64 {
        let left = n.min(self.waiting());
        if left > 0 && self.calls[CALLS - 1].left > 0 {
            self.calls[1].left += self.calls[0].left;
            self.calls.rotate_left(1);
            self.calls[CALLS - 1] = Call::default();
        }
        if let Some(unused) = self.calls.iter_mut().find(|call| call.left == 0) {
            *unused = Call { limit: self.next, left };
        }
        left
    }

    /// How many wait and have not been notified.
    fn waiting(&self) -> u64 {
        let called = self.calls.iter().map(|call| call.left).sum();
        self.sleeping.saturating_sub(called)
    }

    /// The oldest notification that is for this number.
    fn call_for(&self, number: u64) -> Option<usize> {
        self.calls.iter().position(|call| call.left > 0 && number < call.limit)
    }

    /// Takes it, if there is one, and leaves in any case.
    fn leave(&mut self, number: u64) -> bool {
        self.sleeping -= 1;
        let call = self.call_for(number);
        if let Some(call) = call {
            self.calls[call].left -= 1;
            if self.calls[call].left == 0 {
                self.calls[call..].rotate_left(1);
            }
        }
        call.is_some()
    }
}

impl Condition {
    /// How many words of shared memory a condition takes.
    pub const WORDS: usize = WORDS + Lock::<Line>::WORDS;

    /// Makes a condition that nobody waits for.
    ///
    /// # Errors
    ///
    /// When `memory` has not [`Condition::WORDS`] left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::at(memory, memory.place(Self::WORDS)?)
    }

    /// The condition that another process made at `place`. As [`Lock::at`].
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        Ok(Self { words: memory.at(place, WORDS)?, line: Lock::at(memory, place.after(WORDS))? })
    }

    /// Where it lies, to be sent to other processes. As [`Lock::place`].
    pub fn place(&self) -> Place {
        self.words.place()
    }

    /// Gives the lock back, blocks until notified, and blocks until the lock is acquired again.
    ///
    /// It may be [abandoned](LockGuard::is_abandoned) then. And whoever was to notify may be dead: then this blocks for
    /// ever, where [`wait_for`](Condition::wait_for) finds out if the dead one has at least made the change.
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
    ///         let _guard = lock.acquire(); // not before the other one waits
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

    /// The same, but blocks for a notification until `timeout` has passed at most; then for the lock, as long as that
    /// takes. Also returns whether it was notified.
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

    /// Blocks until `predicate` is true of what the lock guards. It is called with the lock held, at first, after each
    /// notification, and from time to time. If the lock was [abandoned](LockGuard::is_abandoned) meanwhile, the guard that
    /// is returned says so. See the example of [`Condition`].
    #[inline]
    pub fn wait_for<'a, T: Pod>(&self, guard: LockGuard<'a, T>, predicate: impl FnMut(&T) -> bool) -> LockGuard<'a, T> {
        self.wait_for_until(guard, None, predicate).0
    }

    /// The same, but blocks until `timeout` has passed at most. Also returns what `predicate` said last: with a timeout of
    /// zero, or too late, it is asked once more all the same.
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

    /// Wakes `n` of those who wait now, or all if there are fewer. If nobody waits, nothing happens, now or later.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::processes::{Condition, Lock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(64)?);
    /// let (lock, condition) = (Lock::new(&memory)?, Condition::new(&memory)?);
    /// condition.notify(1); // to nobody
    /// assert!(!condition.wait_timeout(lock.acquire(), Duration::ZERO).1);
    /// # Ok(())
    /// # }
    /// ```
    // ANCHOR: notify
    #[inline]
    pub fn notify(&self, n: usize) {
        if self.words[WAITING].load(Ordering::Relaxed) == 0 {
            return; // one that waits has said so before it gave the lock back
        }
        let mut line = self.line.acquire();
        let called = line.call(n as u64) as usize;
        self.words[WAITING].store(line.waiting(), Ordering::Relaxed);
        self.words[NOTIFIED].fetch_add(1, Ordering::Relaxed);
        drop(line);
        // Those who were about to sleep see the new count, and those who come now sleep behind those who sleep already.
        futex::wake(&self.words[NOTIFIED], called);
    }
    // ANCHOR_END: notify

    /// Wakes all who wait now.
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

    /// How many wait and have not been notified.
    pub(super) fn waiting(&self) -> usize {
        self.words[WAITING].load(Ordering::Relaxed) as usize
    }

    // ANCHOR: wait
    fn wait_until<'a, T: Pod>(&self, guard: LockGuard<'a, T>, deadline: Option<Instant>) -> (LockGuard<'a, T>, bool) {
        let lock_to_acquire = guard.lock();
        let mut line = self.line.acquire();
        let number = line.join();
        self.words[WAITING].store(line.waiting(), Ordering::Relaxed);
        drop(guard);
        let mut in_time = true;
        while line.call_for(number).is_none() && in_time {
            let seen = self.words[NOTIFIED].load(Ordering::Relaxed);
            drop(line);
            let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            futex::wait(&self.words[NOTIFIED], seen, left.min(self.look()));
            line = self.line.acquire();
            in_time = !left.is_zero();
        }
        let notified = line.leave(number);
        self.words[WAITING].store(line.waiting(), Ordering::Relaxed);
        drop(line);
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

    /// The same, but `predicate` is also told when it is asked though nobody notified: then it is time to look whether
    /// those who should still live. That is so at least once before the deadline has passed.
    #[inline]
    pub(super) fn watch_until<'a, T: Pod>(
        &self,
        mut guard: LockGuard<'a, T>,
        deadline: Option<Instant>,
        mut predicate: impl FnMut(&mut LockGuard<'a, T>, bool) -> bool,
    ) -> (LockGuard<'a, T>, bool) {
        let (mut notified, mut in_time, mut abandoned) = (true, true, false);
        let mut spins = SPINS;
        loop {
            let holds = predicate(&mut guard, !notified);
            if holds || !in_time && !notified {
                guard.tell_also(abandoned);
                return (guard, holds);
            }
            if spins > 0 {
                let (lock, seen) = (guard.lock(), guard.commits());
                drop(guard);
                let in_vain = futex::spin_while(|| lock.commits() == seen);
                spins = if in_vain { 0 } else { spins - 1 };
                (guard, notified) = (lock.acquire(), true);
            } else {
                let look = deadline_after(self.look());
                let next = deadline.map_or(look, |deadline| look.map(|look| look.min(deadline)));
                (guard, notified) = self.wait_until(guard, next);
                in_time = deadline.is_none_or(|deadline| Instant::now() < deadline);
                spins = SPINS;
            }
            abandoned |= guard.is_abandoned();
        }
    }

    fn look(&self) -> Duration {
        LOOK.max(LOOK_EACH * self.waiting() as u32)
    }
}

#[cfg(test)]
#[path = "tests/condition.rs"]
mod tests;
