//! A lock for processes that survives its holder: Python's `multiprocessing.Lock`.
//!
//! It differs from [`threads::Lock`](crate::threads::Lock) in where it lives, in [`shared`](super::shared) memory, since a
//! mutex of the standard library means nothing to another process; and in what can happen to its holder. A thread that
//! fails unwinds, and gives back what it holds. A process can be killed at any moment, and gives back nothing. In Python,
//! its lock stays locked for ever. Here, whoever waits looks from time to time whether the [`Holder`] still lives; if not,
//! it takes the lock over, and [is told](LockGuard::is_abandoned).
//!
//! What the lock guards, [`Lock::guarding`], is plain data without pointers: bytes that mean the same in every process
//! ([`bytemuck::Pod`]). The guard has a copy of it, and *changes are committed by the release*: a holder that is killed has
//! changed everything or nothing, and so has one that panics: nothing. Python's `multiprocessing.Value` comes closest; its
//! owner's death leaves it half changed.
//!
//! Python's lock can be released by any process, at any time; this one by whoever holds the guard. There is no order among
//! those who wait, as in Python. Until 3.14 a Python lock cannot say whether it is locked, and who wants to know must try
//! to acquire it, which makes it look locked to the next one who tries.
//!
//! A working engineer reaches for [`File::lock`](std::fs::File::lock), which the kernel gives back when the process ends
//! (a system call each time, and nobody is told), or for a POSIX mutex that is *process-shared* and *robust*, which is told
//! of the death at once (and guards nothing: its next holder must repair what it finds, then say so).
//!
//! # Orderings
//!
//! Taking the lock is *acquire*, giving it back is *release*, both through the state: whoever holds it sees what the last
//! holder did. One that died gave nothing back; so a commit is a release of its own, of the word that says which copy is
//! valid, and that word is loaded with *acquire*. The rest is relaxed: the copies are touched by the holder only, and
//! [`Lock::is_locked`] promises nothing about other memory.
//!
//! # Killed, wherever it may be
//!
//! | killed | what the others find |
//! | --- | --- |
//! | while it waits, also if it was just woken | nothing, but perhaps a mark that somebody waits: one needless wake |
//! | while it holds the lock, or writes its copy | a dead holder and the old value |
//! | after the commit, before the release | a dead holder and the new value |
//! | after the release, before it wakes somebody | a free lock, when they look next |
//! | while it takes over from the dead | a dead holder, this one |
//!
//! A process that is stopped lives, and its lock waits for it. A child made by `fork` has a copy of its parent's guard: it
//! does nothing when it is dropped.

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

/// Which word says who holds the lock: a [`Holder`], or `UNLOCKED`.
const STATE: usize = 0;
/// Which word says which copy of the value is valid: the first, or with `SECOND` the second. From that bit upwards, it
/// counts the commits. And perhaps `ABANDONED`.
const VALID: usize = 1;
/// Where the two copies of the value begin.
const COPIES: usize = 2;

const UNLOCKED: u64 = Holder::NOBODY.word();
/// Besides the holder: perhaps somebody sleeps until the lock is free.
const CONTENDED: u64 = 1 << 31;

/// The last holder panicked or died, and nobody has been told yet.
const ABANDONED: u64 = 1;
const SECOND: u64 = 2;

/// How long one waits before one looks whether the holder still lives.
const LOOK: Duration = Duration::from_millis(10);

/// A lock, unlocked at first. It guards a value, or nothing. Its clones are the same lock.
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
    /// Makes an unlocked lock that guards nothing.
    ///
    /// # Errors
    ///
    /// When `memory` has not [`Lock::WORDS`] left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::guarding(memory, ())
    }
}

impl<T> Lock<T> {
    /// How many words of shared memory a lock takes.
    pub const WORDS: usize = (COPIES + 2 * Self::COPY).next_multiple_of(LINE);

    /// How many words of them a copy of the value takes.
    const COPY: usize = size_of::<T>().div_ceil(size_of::<AtomicU64>());
}

impl<T: Pod> Lock<T> {
    /// Makes an unlocked lock that owns `value`. See the example of [`Lock`].
    ///
    /// # Errors
    ///
    /// When `memory` has not [`Lock::WORDS`] left.
    pub fn guarding(memory: &Arc<Shared>, value: T) -> io::Result<Self> {
        let lock = Self::at(memory, memory.place(Self::WORDS)?)?;
        lock.commit(&value);
        Ok(lock)
    }

    /// The lock that another process made at `place`.
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
    /// // What another process does that was sent the descriptor and the place:
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
    /// When there is none.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        Ok(Self { words: memory.at(place, Self::WORDS)?, value: PhantomData })
    }

    /// Where it lies, to be sent to other processes. See the example of [`Lock::at`].
    pub fn place(&self) -> Place {
        self.words.place()
    }

    /// Blocks until the lock is free or its holder dead, and locks it until the guard is dropped.
    ///
    /// A thread that holds the lock already waits for itself, for ever, as in Python: there is [`RLock`](super::RLock).
    #[inline]
    pub fn acquire(&self) -> LockGuard<'_, T> {
        self.acquire_until(None).expect("waits for ever")
    }

    /// Locks the lock if it is free or its holder dead: Python's `acquire(block=False)`. If it is held, this takes some
    /// microseconds, to look whether the holder lives.
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
        (self.take(me) || self.take_over(me)).then(|| self.guard(me))
    }

    /// Blocks until the lock is free, its holder dead, or `timeout` has passed: Python's `acquire(timeout=...)`. A zero
    /// timeout is one try.
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

    /// Whether somebody holds the lock, in whichever process: Python's `locked()`, since 3.14. Never blocks, and never
    /// makes the lock look locked to others. A dead holder counts until somebody takes the lock over.
    ///
    /// See the example of [`Lock`].
    pub fn is_locked(&self) -> bool {
        self.words[STATE].load(Ordering::Relaxed) != UNLOCKED
    }

    // ANCHOR: acquire
    fn acquire_until(&self, deadline: Option<Instant>) -> Option<LockGuard<'_, T>> {
        let me = Holder::this_thread();
        (self.take(me) || self.take_later(me, deadline)).then(|| self.guard(me))
    }

    fn take(&self, me: Holder) -> bool {
        self.turn(UNLOCKED, me.word())
    }

    #[cold]
    fn take_later(&self, me: Holder, deadline: Option<Instant>) -> bool {
        let state = &self.words[STATE];
        let (mut others, mut waited) = (0, false);
        loop {
            futex::spin_while(|| state.load(Ordering::Relaxed) != UNLOCKED);
            let seen = state.load(Ordering::Relaxed);
            if seen == UNLOCKED {
                if self.turn(UNLOCKED, me.word() | others) {
                    return true;
                }
                continue;
            }
            let left = deadline.map_or(LOOK, |deadline| deadline.saturating_duration_since(Instant::now()));
            if (waited || left.is_zero()) && self.take_over(me) {
                return true;
            }
            if left.is_zero() {
                return false;
            }
            if self.turn(seen, seen | CONTENDED) {
                waited = !futex::wait(state, seen | CONTENDED, left.min(LOOK));
                // Others may still be asleep, and only the holder's state can tell.
                others = CONTENDED;
            }
        }
    }

    /// Takes the lock from a holder that is dead.
    #[cold]
    fn take_over(&self, me: Holder) -> bool {
        let seen = self.words[STATE].load(Ordering::Relaxed);
        let taken = Holder::in_word(seen).is_dead() && self.turn(seen, me.word() | CONTENDED);
        if taken {
            self.words[VALID].fetch_or(ABANDONED, Ordering::Relaxed);
        }
        taken
    }

    fn turn(&self, from: u64, to: u64) -> bool {
        self.words[STATE].compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
    // ANCHOR_END: acquire

    /// The guard of the lock, which the caller has just taken.
    #[inline]
    fn guard(&self, me: Holder) -> LockGuard<'_, T> {
        let valid = self.words[VALID].load(Ordering::Acquire);
        let abandoned = valid & ABANDONED != 0;
        if abandoned {
            self.words[VALID].store(valid & !ABANDONED, Ordering::Relaxed);
        }
        let (value, unwinding) = (self.load(valid), thread::panicking());
        LockGuard { lock: self, value, changed: false, abandoned, unwinding, holder: me, kept: PhantomData }
    }

    // ANCHOR: release
    fn release(&self) {
        let state = &self.words[STATE];
        if state.swap(UNLOCKED, Ordering::Release) & CONTENDED != 0 {
            futex::wake(state, 1);
        }
    }

    /// Makes `value` the valid one: first it is written where the other one is not, then one store makes it so.
    fn commit(&self, value: &T) {
        let valid = self.words[VALID].load(Ordering::Relaxed).wrapping_add(SECOND);
        self.store(valid, value);
        self.words[VALID].store(valid, Ordering::Release);
    }
    // ANCHOR_END: release

    /// How often the value has been changed. It may be one of the past.
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

/// Keeps a [`Lock`] locked, and has a copy of what it guards, which is written back when the guard is dropped.
///
/// It stays with the thread that acquired the lock, which is the one whose death sets the lock free:
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
#[must_use = "the lock is free again when the guard is dropped"]
pub struct LockGuard<'a, T: Pod = ()> {
    lock: &'a Lock<T>,
    value: T,
    changed: bool,
    abandoned: bool,
    /// Whether the thread was panicking already when it acquired the lock.
    unwinding: bool,
    holder: Holder,
    /// Like the standard library's guard, this one is never sent.
    kept: PhantomData<std::sync::MutexGuard<'a, T>>,
}

impl<T: Pod> LockGuard<'_, T> {
    /// Whether the last holder died or panicked while it held the lock, so that what it was about to change, here or
    /// elsewhere, may be unchanged or half changed. Told once, to the next holder. What the lock itself guards is whole.
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
    ///         std::mem::forget(guard); // the thread ends without giving the lock back, as a killed process does
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
    /// The lock that this is a guard of.
    pub(super) fn lock(&self) -> &'a Lock<T> {
        self.lock
    }

    /// How often the value will have been changed when this guard is dropped.
    pub(super) fn commits(&self) -> u64 {
        self.lock.commits() + u64::from(self.changed)
    }

    /// Has the guard also tell what an earlier one knew.
    pub(super) fn tell_also(&mut self, abandoned: bool) {
        self.abandoned |= abandoned;
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
            return; // a copy, in a child made by fork
        }
        if thread::panicking() && !self.unwinding {
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
