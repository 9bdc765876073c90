//! A reentrant lock, which its owner can acquire again: the counterpart of Python's `threading.RLock` for coroutines.
//! asyncio has none.
//!
//! # Differences from other types
//!
//! A [`Lock`] has no owner: a coroutine that acquires it twice waits for itself. This lock belongs to a task. A task
//! that owns the lock acquires it again without waiting, and releases it by dropping every guard, so code that holds
//! the lock can call other code that acquires it.
//!
//! A task is a coroutine that was spawned, together with everything that it awaits. The branches of a `join!` or a
//! `select!` are one task, so this lock doesn't keep them apart. A coroutine that runs outside of any task, in a
//! `block_on`, counts as a task of the thread that blocks.
//!
//! Neither tokio nor async-lock has a reentrant lock. Most programs acquire a [`Lock`] once and pass the guard, or the
//! value that it guards, to the code that they call.
//!
//! The lock guards nothing. Two guards can exist at a time, so they could give out only shared references to a value.
//! In Python, releasing a lock that the caller doesn't own raises `RuntimeError`; here, only guards release.
//!
//! # How it works
//!
//! `state` says which task owns the lock, and how many guards it has. It is protected by a lock for threads, which is
//! held only for an instant. A task that has to wait first acquires `queue`, a fair lock, and keeps it until it owns
//! the reentrant lock. So at most one task waits for `unlocked`, and the others wait for `queue` in order of arrival.
//!
//! A future that waits in this queue and is neither polled nor dropped keeps all later ones waiting: see
//! [futurelock](super#futurelock).

use std::time::Duration;

use tokio::{task, time};

use super::{Condition, Lock};
use crate::sync::this_thread;
use crate::threads;

/// A lock that a task can acquire any number of times.
///
/// # Examples
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
    state: threads::Lock<State>,
    /// Notified when the owner has dropped its last guard.
    unlocked: Condition,
    /// Held by the task that is next to own the lock. The others wait for it in order of arrival.
    queue: Lock,
}

#[derive(Debug, Default)]
struct State {
    owner: Option<Owner>,
    /// How many guards the owner has.
    depth: usize,
}

impl State {
    fn is_available_to(&self, me: Owner) -> bool {
        self.owner.is_none_or(|owner| owner == me)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Task(task::Id),
    /// A coroutine that runs outside of any task.
    Thread(usize),
}

fn this_task() -> Owner {
    task::try_id().map_or_else(|| Owner::Thread(this_thread()), Owner::Task)
}

impl RLock {
    /// Creates a lock that no task owns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Acquires the lock, waiting until no other task owns it.
    ///
    /// The lock is released when all guards have been dropped. [`RLock`] has an example.
    ///
    /// # Cancel safety
    ///
    /// A canceled coroutine loses its place in the queue, and the next one gets the lock.
    ///
    /// # Deadlocks
    ///
    /// If this future has waited for the lock, and then is neither polled nor dropped, no other task that waits can
    /// acquire the lock. See [futurelock](super#futurelock).
    pub async fn acquire(&self) -> RLockGuard<'_> {
        let me = this_task();
        if let Some(guard) = self.reacquire(me) {
            return guard;
        }
        let _first_in_queue = self.queue.acquire().await;
        let state = self.unlocked.wait_for_sync(&self.state, |state| state.is_available_to(me)).await;
        self.lock(state, me).expect("the lock is available")
    }

    /// Acquires the lock if the calling task already owns it.
    fn reacquire(&self, me: Owner) -> Option<RLockGuard<'_>> {
        let state = self.state.acquire();
        if state.owner == Some(me) { self.lock(state, me) } else { None }
    }

    /// Acquires the lock unless another task owns it, ahead of tasks that are waiting. Returns `None` otherwise.
    ///
    /// Never waits. This is Python's `acquire(blocking=False)`.
    ///
    /// # Examples
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
        self.lock(self.state.acquire(), this_task())
    }

    /// Acquires the lock, waiting for at most `timeout`.
    ///
    /// Returns `None` if another task owns the lock by then. A zero timeout tries once. This is Python's
    /// `acquire(timeout=...)`.
    ///
    /// # Cancel safety and deadlocks
    ///
    /// As for [`acquire`](RLock::acquire).
    ///
    /// # Panics
    ///
    /// If it isn't polled in a tokio runtime with time enabled.
    ///
    /// # Examples
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
    pub async fn acquire_timeout(&self, timeout: Duration) -> Option<RLockGuard<'_>> {
        time::timeout(timeout, self.acquire()).await.ok().or_else(|| self.try_acquire())
    }

    /// Returns whether a task owns the lock. Never waits. This is Python's `locked()`, added to `RLock` in 3.14.
    /// [`RLock`] has an example.
    pub fn is_locked(&self) -> bool {
        self.state.acquire().owner.is_some()
    }

    // ANCHOR: take
    /// Makes `me` the owner, or adds a guard if it is the owner already. Returns `None` if another task is.
    fn lock(&self, mut state: threads::LockGuard<'_, State>, me: Owner) -> Option<RLockGuard<'_>> {
        if !state.is_available_to(me) {
            return None;
        }
        state.owner = Some(me);
        state.depth += 1;
        Some(RLockGuard { lock: self })
    }

    fn unlock(&self) {
        let mut state = self.state.acquire();
        state.depth -= 1;
        if state.depth == 0 {
            state.owner = None;
            drop(state);
            self.unlocked.notify(1);
        }
    }
    // ANCHOR_END: take
}

/// One of the guards of an [`RLock`]. The lock is released when all of them have been dropped.
///
/// A panic or a cancellation drops the guards of a task as well. The next owner isn't warned of a panic, because the
/// lock guards no value.
///
/// A guard can move to another thread with its task. If it is passed to another task, the first task still owns the
/// lock.
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct RLockGuard<'a> {
    lock: &'a RLock,
}

impl Drop for RLockGuard<'_> {
    fn drop(&mut self) {
        self.lock.unlock();
    }
}
