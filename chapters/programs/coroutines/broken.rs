//! Mutants: versions of the primitives and the queue for coroutines with one step left out.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::mem::ManuallyDrop;
use std::task::{Poll, Waker};

use crate::barrier::Phase;
use crate::condition::Waiter;
use crate::errors::{Broken, GetError};
use crate::storage::Storage;
use crate::{Barrier, Permit, Queue, Semaphore, threads};

/// Leaves the queue of a condition when it's dropped, but doesn't pass a notification on.
struct Leaves<'a>(Option<Waiter<'a>>);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.take().map(Waiter::remove);
    }
}

async fn park(waiter: Waiter<'_>) {
    let waiter = Leaves(Some(waiter));
    if let Some(waiter) = &waiter.0 {
        waiter.park().await;
    }
}

/// A lock that's handed to the task that has been waiting the longest, even if the task has been canceled.
#[derive(Debug)]
pub struct Lock {
    state: threads::Lock<State>,
}

#[derive(Debug, Default)]
struct State {
    locked: bool,
    next: u64,
    wakers: BTreeMap<u64, Waker>,
}

impl Lock {
    /// Creates an unlocked lock.
    #[allow(clippy::new_without_default, reason = "the programs don't need it")]
    pub fn new() -> Self {
        Self { state: threads::Lock::guarding(State::default()) }
    }

    /// Waits until the lock is free or handed to the caller.
    pub async fn acquire(&self) -> LockGuard<'_> {
        let mut number = None;
        poll_fn(|context| {
            let mut state = self.state.acquire();
            if number.is_none() && !state.locked {
                state.locked = true;
                return Poll::Ready(());
            }
            if number.is_some_and(|number| !state.wakers.contains_key(&number)) {
                return Poll::Ready(()); // the lock was handed over, and is still locked
            }
            let number = *number.get_or_insert(state.next);
            state.next = state.next.max(number + 1);
            state.wakers.insert(number, context.waker().clone());
            Poll::Pending
        })
        .await;
        LockGuard(self)
    }
}

/// Holds a [`Lock`].
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard<'a>(&'a Lock);

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.acquire();
        match state.wakers.pop_first() {
            Some((_, waker)) => waker.wake(),
            None => state.locked = false,
        }
    }
}

/// Takes an item, and waits until there is one. A canceled task keeps a notification to itself.
///
/// # Errors
///
/// When the queue is empty and was shut down.
pub async fn get_without_passing_on<T>(queue: &Queue<T>) -> Result<T, GetError>
where
    VecDeque<T>: Storage<T>,
{
    loop {
        let waiter = queue.not_empty.enqueue();
        match queue.try_get() {
            Err(GetError::Empty) => park(waiter).await,
            result => {
                waiter.remove();
                return result;
            }
        }
    }
}

/// Acquires a permit as soon as there is one, even if other tasks have been waiting longer.
pub async fn acquire_without_queue(semaphore: &Semaphore) -> Permit<'_> {
    let permits = semaphore.released.wait_for_sync(&semaphore.permits, |permits| *permits > 0).await;
    semaphore.take(permits).expect("a permit is available")
}

/// Waits for the other parties. A canceled task stays counted, as at a barrier of tokio.
///
/// # Errors
///
/// When the barrier is broken.
pub async fn wait_staying_counted(barrier: &Barrier) -> Result<usize, Broken> {
    let party = ManuallyDrop::new(barrier.enter(None).await?);
    let filled = barrier.changed.wait_for_sync(&barrier.round, |round| round.phase != Phase::Filling);
    drop(filled.await);
    ManuallyDrop::into_inner(party).leave()
}
