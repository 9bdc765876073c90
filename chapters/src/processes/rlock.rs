//! A reentrant lock for processes, which its owner can acquire again: the counterpart of Python's
//! `multiprocessing.RLock`.
//!
//! # Differences from other types
//!
//! - A [`Lock`] deadlocks if its holder acquires it twice. This lock belongs to a thread, which acquires it again
//!   without waiting, and releases it by dropping every guard. Code that holds the lock can therefore call other code
//!   that acquires it.
//! - The owner of a [`threads::RLock`](crate::threads::RLock) can't be killed. If the owner of this lock dies, the next
//!   process that acquires it takes it over, and its guard [reports that](RLockGuard::is_abandoned). Python's stays
//!   locked.
//!
//! It is often better to acquire a [`Lock`] once and pass the guard, or the value that it guards, to the code that is
//! called. A working engineer who needs a reentrant lock uses a POSIX mutex that is *recursive*, *process-shared* and
//! *robust*.
//!
//! [Garbage](super::holder#garbage) in place of the owner is taken over like the lock of a dead owner, unless it names a live
//! thread of a process that maps the memory.
//!
//! The lock guards nothing. Two guards can exist at a time, so they could give out only shared references to a value.
//! In Python, releasing a lock that the caller doesn't own raises `AssertionError`; here, only guards release, and a
//! guard can't be sent to another thread.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};

use super::os::holder::Holder;
use super::os::shared::{Place, Shared};
use super::{Condition, Lock, LockGuard};
use crate::sync::deadline_after;

/// A lock that a thread can acquire any number of times. Its clones are the same lock.
///
/// ```
/// use std::sync::Arc;
/// use chapters::processes::{RLock, shared::Shared};
///
/// # fn main() -> std::io::Result<()> {
/// let lock = RLock::new(&Arc::new(Shared::new(64)?))?;
/// let outer = lock.acquire();
/// let inner = lock.acquire();
/// drop(outer);
/// assert!(lock.is_locked());
/// drop(inner);
/// assert!(!lock.is_locked());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RLock {
    hold: Lock<Hold>,
    released: Condition,
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Hold {
    owner: Holder,
    /// The number of times that the owner has acquired the lock without releasing it.
    depth: u64,
}

impl Hold {
    fn is_for(&self, thread: Holder) -> bool {
        self.owner == Holder::NOBODY || self.owner == thread
    }
}

impl RLock {
    /// The number of words of shared memory that a lock needs.
    pub const WORDS: usize = Lock::<Hold>::WORDS + Condition::WORDS;

    /// Creates a lock that no thread owns.
    ///
    /// # Errors
    ///
    /// If fewer than [`RLock::WORDS`] words of `memory` are left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::at(memory, memory.place(Self::WORDS)?)
    }

    /// Opens the lock that another process created at `place`. [`Lock::at`] has an example.
    ///
    /// # Errors
    ///
    /// If the words at `place` weren't allocated.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        let released = Condition::at(memory, place.after(Lock::<Hold>::WORDS))?;
        Ok(Self { hold: Lock::at(memory, place)?, released })
    }

    /// Returns where the lock is in the memory, to be sent to other processes. [`Lock::at`] has an example.
    pub fn place(&self) -> Place {
        self.hold.place()
    }

    /// Acquires the lock, blocking until no other thread owns it or its owner is dead. [`RLock`] has an example.
    pub fn acquire(&self) -> RLockGuard<'_> {
        self.acquire_until(None).expect("the lock is free")
    }

    fn acquire_until(&self, deadline: Option<Instant>) -> Option<RLockGuard<'_>> {
        let me = Holder::this_thread();
        let free = |hold: &mut LockGuard<Hold>, look| hold.is_for(me) || look && self.is_dead(hold.owner);
        let (hold, free) = self.released.watch_until(self.hold.acquire(), deadline, free);
        free.then(|| self.take(hold, me))
    }

    /// Acquires the lock unless another thread that is alive owns it. This is Python's `acquire(block=False)`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{RLock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let lock = RLock::new(&Arc::new(Shared::new(64)?))?;
    /// let _guards = (lock.try_acquire().unwrap(), lock.try_acquire().unwrap());
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| assert!(lock.try_acquire().is_none()));
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_acquire(&self) -> Option<RLockGuard<'_>> {
        let (hold, me) = (self.hold.acquire(), Holder::this_thread());
        (hold.is_for(me) || self.is_dead(hold.owner)).then(|| self.take(hold, me))
    }

    /// Acquires the lock, blocking for at most `timeout` until no other thread owns it or its owner is dead. A zero
    /// timeout tries once. This is Python's `acquire(timeout=...)`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::processes::{RLock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let lock = RLock::new(&Arc::new(Shared::new(64)?))?;
    /// let _guard = lock.acquire();
    /// let timeout = Duration::from_millis(1);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| assert!(lock.acquire_timeout(timeout).is_none()));
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<RLockGuard<'_>> {
        self.acquire_until(deadline_after(timeout))
    }

    /// Returns whether the owner is dead, or is [garbage](super::holder#garbage): an owner has no flags.
    fn is_dead(&self, owner: Holder) -> bool {
        owner.word() & Holder::FLAGS != 0 || self.hold.names_dead_holder(owner.word())
    }

    /// Returns whether a thread owns the lock. A dead owner counts until another thread takes the lock over. This is
    /// Python's `locked()`, which was added in 3.14. [`RLock`] has an example.
    pub fn is_locked(&self) -> bool {
        self.hold.acquire().owner != Holder::NOBODY
    }

    // ANCHOR: take
    /// Acquires the lock, which is free, or belongs to this thread or a dead one.
    fn take(&self, mut hold: LockGuard<'_, Hold>, me: Holder) -> RLockGuard<'_> {
        let abandoned = !hold.is_for(me);
        let depth = if hold.owner == me { hold.depth } else { 0 };
        *hold = Hold { owner: me, depth: depth.saturating_add(1) };
        RLockGuard { lock: self, owner: me, abandoned, stays: PhantomData }
    }

    fn release(&self) {
        let mut hold = self.hold.acquire();
        hold.depth = hold.depth.saturating_sub(1);
        if hold.depth == 0 {
            hold.owner = Holder::NOBODY;
            drop(hold);
            self.released.notify(1);
        }
    }
    // ANCHOR_END: take
}

/// Holds an [`RLock`] until it is dropped. A panic drops it like any other guard; the lock guards nothing that could be
/// left half changed, so the panic isn't reported. In a child made by `fork`, the copy of a guard does nothing.
///
/// ```compile_fail,E0277
/// use std::sync::Arc;
/// use chapters::processes::{RLock, shared::Shared};
///
/// let lock = RLock::new(&Arc::new(Shared::new(64).unwrap())).unwrap();
/// let guard = lock.acquire();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard)); // a guard can't leave its thread
/// });
/// ```
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct RLockGuard<'a> {
    lock: &'a RLock,
    owner: Holder,
    abandoned: bool,
    stays: PhantomData<LockGuard<'a>>,
}

impl RLockGuard<'_> {
    /// Returns whether the previous owner died, so that its work may be half done. Its death is reported once, by the
    /// first guard of the next owner.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{RLock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let lock = RLock::new(&Arc::new(Shared::new(64)?))?;
    /// std::thread::scope(|scope| {
    ///     // The thread ends without releasing the lock, as a killed process does.
    ///     scope.spawn(|| std::mem::forget(lock.acquire()));
    /// });
    /// assert!(lock.acquire().is_abandoned());
    /// assert!(!lock.acquire().is_abandoned());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_abandoned(&self) -> bool {
        self.abandoned
    }
}

impl Drop for RLockGuard<'_> {
    fn drop(&mut self) {
        if self.owner == Holder::this_thread() {
            self.lock.release();
        }
    }
}

#[cfg(test)]
#[path = "tests/rlock.rs"]
mod tests;
