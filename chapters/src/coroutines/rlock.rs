//! A lock that its holder can take again: Python's `threading.RLock`, for coroutines. asyncio has none.
//!
//! It differs from [`Lock`] in that it has an owner, the task that holds it: who owns it never waits for it, and it is
//! free when its owner has given it back as often as it took it. So code that holds the lock can call other code that
//! takes it.
//!
//! A task is what was spawned, with all that it awaits: the branches of a `join!` or a `select!` are one task, and this lock
//! does not keep them apart. Outside of any task, in a `block_on`, the owner is the thread that blocks.
//!
//! It guards nothing. A lock that is taken twice could only give out shared references to its value, since two mutable
//! ones must not exist. Neither tokio nor async-lock has such a lock. A working engineer takes a [`Lock`] once, and hands
//! its guard, or what it guards, to the code that is called.
//!
//! In Python, to release a lock that one does not own is a `RuntimeError`. Here only guards release.

use std::time::Duration;

use tokio::{task, time};

use super::{Condition, Lock};
use crate::sync::this_thread;
use crate::threads;

/// A lock that a task can take any number of times.
///
/// ```
/// use chapters::coroutines::RLock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let lock = RLock::new();
/// let outer = lock.acquire().await;
/// let inner = lock.acquire().await;
/// drop(outer);
/// assert!(lock.is_locked());
/// drop(inner);
/// assert!(!lock.is_locked());
/// # }
/// ```
#[derive(Debug, Default)]
pub struct RLock {
    hold: threads::Lock<Hold>,
    freed: Condition,
    /// Held by the one whose turn it is to get the lock. The others wait for that, first come, first served.
    turn: Lock,
}

#[derive(Debug, Default)]
struct Hold {
    owner: Option<Owner>,
    /// How often the owner has taken the lock.
    depth: usize,
}

impl Hold {
    fn is_for(&self, me: Owner) -> bool {
        self.owner.is_none_or(|owner| owner == me)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Task(task::Id),
    /// What waits outside of any task.
    Thread(usize),
}

fn this_task() -> Owner {
    task::try_id().map_or_else(|| Owner::Thread(this_thread()), Owner::Task)
}

impl RLock {
    /// Makes a lock that nobody owns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until no other task owns the lock, and owns it until the guard is dropped. See the example of [`RLock`].
    ///
    /// Cancel safe: a coroutine that is cancelled while it waits loses its place in the line, and the lock goes to the next
    /// one.
    pub async fn acquire(&self) -> RLockGuard<'_> {
        let me = this_task();
        if let Some(guard) = self.take_again(me) {
            return guard;
        }
        let _turn = self.turn.acquire().await;
        let hold = self.freed.until(&self.hold, |hold| hold.is_for(me)).await;
        self.take(hold, me).expect("the lock is free")
    }

    fn take_again(&self, me: Owner) -> Option<RLockGuard<'_>> {
        let hold = self.hold.acquire();
        if hold.owner == Some(me) { self.take(hold, me) } else { None }
    }

    /// Takes the lock unless another task owns it, whoever waits: Python's `acquire(blocking=False)`.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use chapters::coroutines::RLock;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lock = Arc::new(RLock::new());
    /// let _guards = (lock.try_acquire().unwrap(), lock.try_acquire().unwrap());
    /// let other = Arc::clone(&lock);
    /// tokio::spawn(async move { assert!(other.try_acquire().is_none()) }).await.unwrap();
    /// # }
    /// ```
    pub fn try_acquire(&self) -> Option<RLockGuard<'_>> {
        self.take(self.hold.acquire(), this_task())
    }

    /// Waits until no other task owns the lock or `timeout` has passed, and then tries once more: Python's
    /// `acquire(timeout=...)`. A zero timeout is one try.
    ///
    /// Cancel safe as [`acquire`](RLock::acquire) is.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use chapters::coroutines::RLock;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lock = Arc::new(RLock::new());
    /// let _guard = lock.acquire().await;
    /// let (other, timeout) = (Arc::clone(&lock), Duration::from_millis(1));
    /// tokio::spawn(async move { assert!(other.acquire_timeout(timeout).await.is_none()) }).await.unwrap();
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has a clock.
    pub async fn acquire_timeout(&self, timeout: Duration) -> Option<RLockGuard<'_>> {
        time::timeout(timeout, self.acquire()).await.ok().or_else(|| self.try_acquire())
    }

    /// Whether a task owns the lock: Python's `locked()`, since 3.14. See the example of [`RLock`].
    pub fn is_locked(&self) -> bool {
        self.hold.acquire().owner.is_some()
    }

    // ANCHOR: take
    fn take(&self, mut hold: threads::LockGuard<'_, Hold>, me: Owner) -> Option<RLockGuard<'_>> {
        if !hold.is_for(me) {
            return None;
        }
        hold.owner = Some(me);
        hold.depth += 1;
        Some(RLockGuard { lock: self })
    }

    fn release(&self) {
        let mut hold = self.hold.acquire();
        hold.depth -= 1;
        if hold.depth == 0 {
            hold.owner = None;
            drop(hold);
            self.freed.notify(1);
        }
    }
    // ANCHOR_END: take
}

/// Keeps an [`RLock`] for its task, and gives it back when dropped, also by a panic or a cancellation: the lock guards
/// nothing that could be left half changed, so nobody is told.
///
/// It goes with its task from thread to thread. If it is handed to another task, it still keeps the lock for the first.
#[derive(Debug)]
#[must_use = "the lock is given back when the guard is dropped"]
pub struct RLockGuard<'a> {
    lock: &'a RLock,
}

impl Drop for RLockGuard<'_> {
    fn drop(&mut self) {
        self.lock.release();
    }
}

#[cfg(test)]
#[path = "tests/rlock.rs"]
mod tests;
