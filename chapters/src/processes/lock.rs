//! A lock for processes that survives its holder: the counterpart of Python's `multiprocessing.Lock`.
//!
//! The lock is in [`shared`](super::shared) memory, where a mutex of the standard library means nothing to another process.
//! It can be released by the death of its holder.
//!
//! # Differences from other types
//!
//! - [`threads::Lock`](crate::threads::Lock): a thread that panics unwinds and releases what it holds. A process can be
//!   killed at any moment, and releases nothing. A waiting process therefore checks every 10 ms that the [`Holder`] is
//!   alive. If it isn't, the process takes the lock over, and its guard [reports that](LockGuard::is_abandoned).
//! - `multiprocessing.Lock` stays locked forever if its holder dies. It can be released by any process, and until Python
//!   3.14 it can't tell whether it is locked. Neither lock promises an order among the waiting processes.
//! - `multiprocessing.Value` is half changed if its holder dies. The value that this lock guards
//!   ([`guarding`](Lock::guarding)) is *committed by the release*: the guard has a copy of it, so a holder that is killed or
//!   panics has changed everything or nothing. It is plain data without pointers ([`bytemuck::Pod`]), whose bytes mean the
//!   same in every process.
//!
//! A working engineer uses [`File::lock`](std::fs::File::lock), which the kernel releases when the process ends (it
//! takes a system call each time, and the death isn't reported to the next holder), or a POSIX mutex that is
//! *process-shared* and *robust*, which reports the death to the next holder (`EOWNERDEAD`), and leaves it to repair
//! the value that it guards.
//!
//! # How it works
//!
//! The word `STATE` is `UNLOCKED` or names the holder, perhaps with the flag `CONTENDED`. Acquiring a free lock takes one
//! compare-and-exchange, and releasing a lock that no process is waiting for takes one swap. A process that has to wait
//! sets `CONTENDED` and sleeps in the system call `futex`.
//!
//! The value has two copies, and the word `VALID` says which one is valid. A commit writes the other copy and then the word:
//!
//! | Process 1: releases | Process 2 |
//! | --- | --- |
//! | writes the copy that isn't valid | |
//! | *killed here:* the old value is valid | takes the lock over, reads the old value |
//! | writes `VALID` | |
//! | *killed here:* the new value is valid | takes the lock over, reads the new value |
//! | writes `UNLOCKED` | acquires the lock, reads the new value |
//!
//! # The lost wakeup
//!
//! A waiting process must not fall asleep after the lock was released. The kernel compares the word in the same step in
//! which it puts the process to sleep:
//!
//! | Process 1: `lock_contended` | Process 2: `release` |
//! | --- | --- |
//! | replaces *held by 2* by *held by 2, contended* | |
//! | | swaps it for `UNLOCKED`, wakes one process; none is asleep |
//! | calls `futex_wait(`*held by 2, contended*`)`: the word differs, so it returns at once | |
//!
//! A process that has slept acquires the lock as contended, because it can't know whether others are still asleep.
//!
//! # Memory ordering
//!
//! Acquiring is *acquire* and releasing is *release*, both on `STATE`: a holder sees what the previous one did. A holder
//! that died released nothing, so a commit is a *release* of its own, on `VALID`, which a new holder loads with *acquire*.
//! Everything else is relaxed: only the holder touches the copies, and [`Lock::is_locked`] promises nothing about other
//! memory.
//!
//! # Killed at any point
//!
//! | killed | what the others find |
//! | --- | --- |
//! | while it waits, even if it was just woken | nothing, or the flag `CONTENDED`: one unnecessary wake |
//! | while it holds the lock, or writes its copy | a dead holder and the old value |
//! | after the commit, before the release | a dead holder and the new value |
//! | after the release, before it wakes a process | a free lock, at the next check |
//! | while it takes the lock over | a dead holder, this one |
//!
//! A process that is stopped is alive, so the others wait for it. [Garbage](super::holder#garbage) in `STATE` is taken over
//! like the lock of a dead holder, unless it names a live thread of a process that maps the memory. A child made by `fork` has a copy of its parent's guard,
//! which does nothing when it is dropped.

use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytemuck::Pod;

use super::os::futex;
use super::os::holder::Holder;
use super::os::shared::{LINE, Place, Shared, Words};
use crate::sync::deadline_after;

/// The word that names the holder: a [`Holder`], or `UNLOCKED`.
const STATE: usize = 0;
/// The word that says which copy of the value is valid: the first, or with `SECOND` the second. From that bit upward, it
/// counts the commits. It may have the flag `ABANDONED`.
const VALID: usize = 1;
/// The first word of the two copies of the value.
const COPIES: usize = 2;

const UNLOCKED: u64 = Holder::NOBODY.word();
/// A flag beside the holder: processes may be asleep, so releasing the lock wakes one.
const CONTENDED: u64 = 1 << 31;

/// The last holder panicked or died, and no guard has reported it yet.
const ABANDONED: u64 = 1;
const SECOND: u64 = 2;

/// How long a process waits before it checks whether the holder is alive.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A lock that one thread at a time can hold, in any process. It guards a value, or nothing. Its clones are the same lock.
///
/// ```
/// use std::sync::Arc;
/// use chapters::processes::{Lock, shared::Shared};
///
/// # fn main() -> std::io::Result<()> {
/// let memory = Arc::new(Shared::new(64)?);
/// let lock = Lock::new(&memory)?;
/// let guard = lock.acquire();
/// assert!(lock.is_locked());
/// drop(guard);
/// assert!(!lock.is_locked());
///
/// let total = Lock::guarding(&memory, 0)?;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| *total.acquire() += 1);
///     }
/// });
/// assert_eq!(*total.acquire(), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Lock<T = ()> {
    words: Words,
    value: PhantomData<T>,
}

impl Lock {
    /// Creates an unlocked lock that guards nothing.
    ///
    /// # Errors
    ///
    /// If fewer than [`Lock::WORDS`] words of `memory` are left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::guarding(memory, ())
    }
}

impl<T> Lock<T> {
    /// The number of words of shared memory that a lock needs.
    pub const WORDS: usize = (COPIES + 2 * Self::COPY).next_multiple_of(LINE);

    /// The number of words of a copy of the value.
    const COPY: usize = size_of::<T>().div_ceil(size_of::<AtomicU64>());
}

impl<T: Pod> Lock<T> {
    /// Creates an unlocked lock that owns `value`. [`Lock`] has an example.
    ///
    /// # Errors
    ///
    /// If fewer than [`Lock::WORDS`] words of `memory` are left.
    pub fn guarding(memory: &Arc<Shared>, value: T) -> io::Result<Self> {
        let lock = Self::at(memory, memory.place(Self::WORDS)?)?;
        lock.commit(&value);
        Ok(lock)
    }

    /// Opens the lock that another process created at `place`.
    ///
    /// ```
    /// use std::os::fd::AsFd;
    /// use std::sync::Arc;
    /// use chapters::processes::{Lock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(64)?);
    /// let total = Lock::guarding(&memory, 41_u64)?;
    ///
    /// // In another process, which received the descriptor and the place:
    /// let elsewhere = Arc::new(Shared::map(memory.as_fd().try_clone_to_owned()?)?);
    /// *Lock::<u64>::at(&elsewhere, total.place())?.acquire() += 1;
    ///
    /// assert_eq!(*total.acquire(), 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the words at `place` weren't allocated.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        Ok(Self { words: memory.at(place, Self::WORDS)?, value: PhantomData })
    }

    /// Returns where it is in the memory, to be sent to other processes. [`Lock::at`] has an example.
    pub fn place(&self) -> Place {
        self.words.place()
    }

    /// Acquires the lock, blocking the calling thread until it is free or its holder is dead.
    ///
    /// The lock is released when the returned guard is dropped.
    ///
    /// # Deadlocks
    ///
    /// If the calling thread already holds the lock, it waits for itself forever, as in Python. An
    /// [`RLock`](super::RLock) can be acquired more than once.
    #[inline]
    pub fn acquire(&self) -> LockGuard<'_, T> {
        self.acquire_until(None).expect("there is no deadline that could pass")
    }

    /// Acquires the lock if it is free or its holder is dead, and returns `None` otherwise. Never blocks. This is Python's
    /// `acquire(block=False)`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{Lock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let lock = Lock::new(&Arc::new(Shared::new(8)?))?;
    /// let guard = lock.try_acquire().unwrap();
    /// assert!(lock.try_acquire().is_none());
    /// # drop(guard);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        let me = Holder::this_thread();
        (self.try_lock(me) || self.take_over(me)).then(|| self.guard(me))
    }

    /// Acquires the lock, blocking the calling thread for at most `timeout`. Returns `None` if the lock isn't free by then.
    /// A zero timeout is one try. This is Python's `acquire(timeout=...)`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::processes::{Lock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let lock = Lock::new(&Arc::new(Shared::new(8)?))?;
    /// let guard = lock.acquire_timeout(Duration::MAX).unwrap();
    /// assert!(lock.acquire_timeout(Duration::from_millis(1)).is_none());
    /// # drop(guard);
    /// # Ok(())
    /// # }
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<LockGuard<'_, T>> {
        self.acquire_until(deadline_after(timeout))
    }

    /// Returns whether a thread holds the lock, in any process. Never blocks, and never makes the lock look locked to
    /// others. A dead holder counts until another thread takes the lock over. This is Python's `locked()`, since 3.14.
    ///
    /// [`Lock`] has an example.
    pub fn is_locked(&self) -> bool {
        self.words[STATE].load(Ordering::Relaxed) != UNLOCKED
    }

    // ANCHOR: acquire
    fn acquire_until(&self, deadline: Option<Instant>) -> Option<LockGuard<'_, T>> {
        let me = Holder::this_thread();
        (self.try_lock(me) || self.lock_contended(me, deadline)).then(|| self.guard(me))
    }

    fn try_lock(&self, me: Holder) -> bool {
        self.replace_state(UNLOCKED, me.word())
    }

    /// The slow path: spins for a moment, then sleeps until the lock is free, its holder is dead, or the deadline has
    /// passed. Returns whether it acquired the lock.
    #[cold]
    fn lock_contended(&self, me: Holder, deadline: Option<Instant>) -> bool {
        let state = &self.words[STATE];
        let (mut others, mut waited) = (0, false);
        loop {
            futex::spin_while(|| state.load(Ordering::Relaxed) != UNLOCKED);
            let seen = state.load(Ordering::Relaxed);
            if seen == UNLOCKED {
                if self.replace_state(UNLOCKED, me.word() | others) {
                    return true;
                }
                continue;
            }
            let left = deadline.map_or(POLL_INTERVAL, |deadline| deadline.saturating_duration_since(Instant::now()));
            if (waited || left.is_zero()) && self.take_over(me) {
                return true;
            }
            if left.is_zero() {
                return false;
            }
            if self.replace_state(seen, seen | CONTENDED) {
                waited = !futex::wait(state, seen | CONTENDED, left.min(POLL_INTERVAL));
                // Other processes may still be asleep, so this one acquires the lock as contended.
                others = CONTENDED;
            }
        }
    }

    /// Takes the lock over if its holder is dead.
    #[cold]
    fn take_over(&self, me: Holder) -> bool {
        let seen = self.words[STATE].load(Ordering::Relaxed);
        let taken = self.words.names_dead_holder(seen) && self.replace_state(seen, me.word() | CONTENDED);
        if taken {
            self.words[VALID].fetch_or(ABANDONED, Ordering::Relaxed);
        }
        taken
    }

    fn replace_state(&self, from: u64, to: u64) -> bool {
        self.words[STATE].compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
    // ANCHOR_END: acquire

    /// Creates the guard of the lock, which the caller has just acquired.
    #[inline]
    fn guard(&self, me: Holder) -> LockGuard<'_, T> {
        let valid = self.words[VALID].load(Ordering::Acquire);
        let abandoned = valid & ABANDONED != 0;
        if abandoned {
            self.words[VALID].store(valid & !ABANDONED, Ordering::Relaxed);
        }
        let (value, panicking) = (self.load(valid), thread::panicking());
        LockGuard { lock: self, value, changed: false, abandoned, panicking, holder: me, _marker: PhantomData }
    }

    // ANCHOR: release
    fn release(&self) {
        let state = &self.words[STATE];
        if state.swap(UNLOCKED, Ordering::Release) & CONTENDED != 0 {
            futex::wake(state, 1);
        }
    }

    /// Makes `value` the valid one: writes the copy that isn't valid, and then makes it valid with one store.
    fn commit(&self, value: &T) {
        let valid = self.words[VALID].load(Ordering::Relaxed).wrapping_add(SECOND);
        self.store(valid, value);
        self.words[VALID].store(valid, Ordering::Release);
    }
    // ANCHOR_END: release

    /// Returns whether `word`, which was read from the memory of this lock, [names a dead holder](Words::names_dead_holder).
    pub(super) fn names_dead_holder(&self, word: u64) -> bool {
        self.words.names_dead_holder(word)
    }

    /// Returns how often the value has been changed. The answer may be out of date.
    pub(super) fn commits(&self) -> u64 {
        self.words[VALID].load(Ordering::Relaxed) / SECOND
    }

    fn load(&self, valid: u64) -> T {
        let mut value = T::zeroed();
        let bytes = bytemuck::bytes_of_mut(&mut value).chunks_mut(size_of::<u64>());
        for (bytes, word) in bytes.zip(self.copy(valid)) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes()[..bytes.len()]);
        }
        value
    }

    fn store(&self, valid: u64, value: &T) {
        let bytes = bytemuck::bytes_of(value).chunks(size_of::<u64>());
        for (bytes, word) in bytes.zip(self.copy(valid)) {
            let mut whole = [0; size_of::<u64>()];
            whole[..bytes.len()].copy_from_slice(bytes);
            word.store(u64::from_ne_bytes(whole), Ordering::Relaxed);
        }
    }

    fn copy(&self, valid: u64) -> &[AtomicU64] {
        let first = if valid & SECOND == 0 { COPIES } else { COPIES + Self::COPY };
        &self.words[first..first + Self::COPY]
    }
}

/// Holds a [`Lock`] until it is dropped, and then commits the changes to the value that the lock guards.
///
/// A guard can't be sent to another thread, because the thread that acquired the lock is the one whose death releases it:
///
/// ```compile_fail,E0277
/// use std::sync::Arc;
/// use chapters::processes::{Lock, shared::Shared};
///
/// let lock = Lock::new(&Arc::new(Shared::new(8).unwrap())).unwrap();
/// let guard = lock.acquire();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard<'a, T: Pod = ()> {
    lock: &'a Lock<T>,
    value: T,
    changed: bool,
    abandoned: bool,
    /// Whether the thread was already panicking when it acquired the lock.
    panicking: bool,
    holder: Holder,
    /// Makes the guard `!Send`, like the standard library's.
    _marker: PhantomData<std::sync::MutexGuard<'a, T>>,
}

impl<T: Pod> LockGuard<'_, T> {
    /// Returns whether the last holder died or panicked while it held the lock.
    ///
    /// It is reported once, to the next holder. The value that the lock guards is consistent, but it may lack a change, and
    /// what the holder was changing elsewhere may be half changed. A robust POSIX mutex returns `EOWNERDEAD`.
    /// [`Condition::wait_for`](super::Condition::wait_for) may hold several guards before it returns one; that one reports
    /// a death if any of them did.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{Lock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let pair = Lock::guarding(&Arc::new(Shared::new(8)?), [5, 5])?;
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         let mut guard = pair.acquire();
    ///         guard[0] -= 1;
    ///         std::mem::forget(guard); // the thread ends without releasing the lock, as a killed process does
    ///     });
    /// });
    /// let guard = pair.acquire();
    /// assert!(guard.is_abandoned());
    /// assert_eq!(*guard, [5, 5]);
    /// drop(guard);
    /// assert!(!pair.acquire().is_abandoned());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_abandoned(&self) -> bool {
        self.abandoned
    }
}

impl<'a, T: Pod> LockGuard<'a, T> {
    /// Returns the lock, so that a condition can drop the guard and later acquire the lock again.
    pub(super) fn lock(&self) -> &'a Lock<T> {
        self.lock
    }

    /// Returns how often the value will have been changed when this guard is dropped.
    pub(super) fn commits(&self) -> u64 {
        self.lock.commits() + u64::from(self.changed)
    }

    /// Makes this guard report a death that was reported to an earlier guard of the same caller.
    pub(super) fn mark_abandoned(&mut self) {
        self.abandoned = true;
    }
}

impl<T: Pod> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Pod> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        &mut self.value
    }
}

impl<T: Pod> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        if self.holder != Holder::this_thread() {
            return; // a copy in a child made by fork
        }
        if thread::panicking() && !self.panicking {
            self.lock.words[VALID].fetch_or(ABANDONED, Ordering::Relaxed);
        } else if self.changed {
            self.lock.commit(&self.value);
        }
        self.lock.release();
    }
}

#[cfg(test)]
#[path = "tests/lock.rs"]
mod tests;
