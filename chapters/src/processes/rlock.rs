//! A lock that its holder can take again: Python's `multiprocessing.RLock`.
//!
//! It differs from [`Lock`] in that it has an owner, the thread that holds it: who owns it never waits for it, and it is
//! free when its owner has given it back as often as it took it. So code that holds the lock can call other code that
//! takes it. It differs from [`threads::RLock`](crate::threads::RLock) in that its owner can be killed: then the next one
//! to need it gets it, and [is told](RLockGuard::is_abandoned). Python's stays locked.
//!
//! It guards nothing. A lock that is taken twice could only give out shared references to its value, since two mutable
//! ones must not exist. A better start is often to take a [`Lock`] once, and to hand its guard, or what it guards, to the
//! code that is called. A working engineer who needs one takes a POSIX mutex that is *recursive*, *process-shared* and
//! *robust*.
//!
//! In Python, to release a lock that one does not own is an `AssertionError`. Here only guards release, they stay with
//! their thread, and so it cannot be written down.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};

use super::os::holder::Holder;
use super::os::shared::{Place, Shared};
use super::{Condition, Lock, LockGuard};
use crate::sync::deadline_after;

/// A lock that a thread can take any number of times. Its clones are the same lock.
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
    freed: Condition,
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Hold {
    owner: Holder,
    /// How often the owner has taken the lock.
    depth: u64,
}

impl Hold {
    fn is_for(&self, thread: Holder) -> bool {
        self.owner == Holder::NOBODY || self.owner == thread
    }
}

impl RLock {
    /// How many words of shared memory a lock takes.
    pub const WORDS: usize = Lock::<Hold>::WORDS + Condition::WORDS;

    /// Makes a lock that nobody owns.
    ///
    /// # Errors
    ///
    /// When `memory` has not [`RLock::WORDS`] left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::at(memory, memory.place(Self::WORDS)?)
    }

    /// The lock that another process made at `place`. As [`Lock::at`].
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        let freed = Condition::at(memory, place.after(Lock::<Hold>::WORDS))?;
        Ok(Self { hold: Lock::at(memory, place)?, freed })
    }

    /// Where it lies, to be sent to other processes. As [`Lock::place`].
    pub fn place(&self) -> Place {
        self.hold.place()
    }

    /// Blocks until no other thread owns the lock or its owner is dead, and owns it until the guard is dropped. See the
    /// example of [`RLock`].
    pub fn acquire(&self) -> RLockGuard<'_> {
        self.acquire_until(None).expect("the lock is free")
    }

    fn acquire_until(&self, deadline: Option<Instant>) -> Option<RLockGuard<'_>> {
        let me = Holder::this_thread();
        let free = |hold: &mut LockGuard<Hold>, look| hold.is_for(me) || look && hold.owner.is_dead();
        let (hold, free) = self.freed.watch_until(self.hold.acquire(), deadline, free);
        free.then(|| self.take(hold, me))
    }

    /// Takes the lock unless another thread owns it that lives: Python's `acquire(block=False)`.
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
        (hold.is_for(me) || hold.owner.is_dead()).then(|| self.take(hold, me))
    }

    /// Blocks until no other thread owns the lock, its owner is dead, or `timeout` has passed: Python's
    /// `acquire(timeout=...)`. A zero timeout is one try.
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

    /// Whether a thread owns the lock: Python's `locked()`, since 3.14. A dead owner counts until somebody takes the lock
    /// over. See the example of [`RLock`].
    pub fn is_locked(&self) -> bool {
        self.hold.acquire().owner != Holder::NOBODY
    }

    // ANCHOR: take
    /// Takes the lock, which is for this thread or was for a dead one.
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
            self.freed.notify(1);
        }
    }
    // ANCHOR_END: take
}

/// Keeps an [`RLock`] for its thread, and gives it back when dropped, also by a panic: the lock guards nothing that could be
/// left half changed, so nobody is told. In a child made by `fork`, the copy of a guard does nothing.
///
/// ```compile_fail,E0277
/// use std::sync::Arc;
/// use chapters::processes::{RLock, shared::Shared};
///
/// let lock = RLock::new(&Arc::new(Shared::new(64).unwrap())).unwrap();
/// let guard = lock.acquire();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard)); // it stays with its thread
/// });
/// ```
#[derive(Debug)]
#[must_use = "the lock is given back when the guard is dropped"]
pub struct RLockGuard<'a> {
    lock: &'a RLock,
    owner: Holder,
    abandoned: bool,
    stays: PhantomData<LockGuard<'a>>,
}

impl RLockGuard<'_> {
    /// Whether the last owner died, so that what it was about to do may be half done. Told once, to the next owner, and by
    /// its first guard.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{RLock, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let lock = RLock::new(&Arc::new(Shared::new(64)?))?;
    /// std::thread::scope(|scope| {
    ///     // The thread ends without giving the lock back, as a killed process does.
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
