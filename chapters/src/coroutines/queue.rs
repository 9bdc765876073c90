//! A queue between coroutines that can be bounded: the counterpart of Python's `asyncio.Queue`, `asyncio.LifoQueue` and
//! `asyncio.PriorityQueue`.
//!
//! # Differences from other types
//!
//! Most programs use a channel: [`async_channel`], as the demo's service does, or [`tokio::sync::mpsc`]. A channel has
//! ends: sending fails when all receivers are gone, and receiving fails when all senders are gone, so it closes by
//! itself. A queue doesn't have ends: all coroutines that share it can both put and get. It is closed with
//! [`shutdown`](Queue::shutdown), and it counts the items that were put but not yet processed, so that
//! [`join`](Queue::join) can wait for them. Receiving from a tokio channel also lets other tasks run now and then, even
//! if there is an item; `get` doesn't.
//!
//! Compared with Python's queues:
//!
//! - `maxsize` is fixed; Python allows assigning it. A negative `maxsize` or timeout is excluded by the type.
//! - A queue can have any [`Storage`], where Python has subclasses that override `_put` and `_get`.
//! - `shutdown`, [`is_shutdown`](Queue::is_shutdown) and the error `ShutDown` are those of Python 3.13.
//! - A canceled `put` drops its item, because the future owns it; in Python, the caller still has the item.
//!   [`put_timeout`](Queue::put_timeout) and [`try_put`](Queue::try_put) return it.
//!
//! # How it works
//!
//! A queue is one lock and three conditions, as in Python's `queue`: `not_empty` for coroutines that wait for an item,
//! `not_full` for those that wait for room, and `all_done` for those that wait in `join`. The lock is one for threads,
//! held only for an instant and never over an `await`, so that methods that don't wait needn't be `async`. A waiting
//! coroutine checks for room or an item before it checks the time, so a zero timeout tries once. Items can be taken
//! even after a shutdown. Coroutines are notified in order of arrival, but an item isn't reserved for the one that was
//! notified, so one that runs earlier can take it, as in asyncio. A coroutine that was notified and is neither polled
//! nor dropped keeps its notification; see [futurelock](super#futurelock).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;
use std::{mem, thread};

use super::Condition;
use super::condition::{before, deadline_after};
use crate::errors::{GetError, PutError, TooMany};
use crate::storage::Storage;
use crate::threads;

/// A queue that returns items in the order in which they were put: first in, first out.
///
/// # Examples
///
/// ```
/// use chapters::coroutines::Queue;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let queue: Queue<u32> = Queue::new(10);
/// let worker = async {
///     while let Ok(item) = queue.get().await {
///         println!("processing {item}");
///         queue.task_done().unwrap();
///     }
/// };
/// let boss = async {
///     for item in 0..30 {
///         queue.put(item).await.unwrap(); // waits while there are ten
///     }
///     queue.join().await; // returns when all 30 have been processed
///     queue.shutdown(false); // ends the worker
/// };
/// tokio::join!(worker, boss);
/// # }
/// ```
#[derive(Debug)]
// ANCHOR: queue
pub struct Queue<T, S = VecDeque<T>> {
    pub(super) content: threads::Lock<Content<S>>,
    pub(super) not_empty: Condition,
    pub(super) not_full: Condition,
    pub(super) all_done: Condition,
    maxsize: usize,
    _marker: PhantomData<fn(T) -> T>,
}

#[derive(Debug, Default)]
pub(super) struct Content<S> {
    pub(super) items: S,
    /// The number of items that were put, without a call of `task_done` for them yet.
    pub(super) unfinished: usize,
    pub(super) shut_down: bool,
}
// ANCHOR_END: queue

impl<S> Content<S> {
    /// Stores an item, and counts it if it was stored, even if `Storage::put` panics afterward.
    fn put<T>(&mut self, item: T) -> thread::Result<()>
    where
        S: Storage<T>,
    {
        let before = self.items.len();
        let result = panic::catch_unwind(AssertUnwindSafe(|| self.items.put(item)));
        self.unfinished += self.items.len().saturating_sub(before);
        result
    }
}

/// A queue that returns the item that was put last: last in, first out.
///
/// # Examples
///
/// ```
/// use chapters::coroutines::LifoQueue;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let queue = LifoQueue::new(0);
/// queue.put(1).await.unwrap();
/// queue.put(2).await.unwrap();
/// assert_eq!(queue.get().await, Ok(2));
/// # }
/// ```
pub type LifoQueue<T> = Queue<T, Vec<T>>;

/// A queue that returns the smallest item. Equal items come in any order, as in Python.
///
/// # Examples
///
/// ```
/// use chapters::coroutines::PriorityQueue;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let queue = PriorityQueue::new(0);
/// queue.put((2, "later")).await.unwrap();
/// queue.put((1, "sooner")).await.unwrap();
/// assert_eq!(queue.get().await, Ok((1, "sooner")));
/// # }
/// ```
pub type PriorityQueue<T> = Queue<T, BinaryHeap<Reverse<T>>>;

impl<T, S: Storage<T>> Queue<T, S> {
    /// Creates a queue for at most `maxsize` items, or without a limit if `maxsize` is zero, as in Python.
    ///
    /// Channels disagree about zero: a crossbeam channel of capacity 0 can't store an item, and passes each one
    /// directly from a sender to a receiver.
    pub fn new(maxsize: usize) -> Self {
        Self {
            content: threads::Lock::guarding(Content { items: S::default(), unfinished: 0, shut_down: false }),
            not_empty: Condition::new(),
            not_full: Condition::new(),
            all_done: Condition::new(),
            maxsize,
            _marker: PhantomData,
        }
    }

    /// Returns how many items the queue has room for; zero means any number.
    pub fn maxsize(&self) -> usize {
        self.maxsize
    }

    // ANCHOR: put
    /// Puts an item, waiting until there is room. [`Queue`] has an example.
    ///
    /// # Cancel safety
    ///
    /// A coroutine that is canceled while it waits hasn't put its item. The item is dropped.
    ///
    /// # Errors
    ///
    /// Returns [`PutError::ShutDown`] with the item if the queue is shut down, before or during the call.
    pub async fn put(&self, item: T) -> Result<(), PutError<T>> {
        let content = self.not_full.wait_for_sync(&self.content, |content| self.may_put(content)).await;
        self.add(content, item)
    }

    fn add(&self, mut content: threads::LockGuard<'_, Content<S>>, item: T) -> Result<(), PutError<T>> {
        if content.shut_down {
            return Err(PutError::ShutDown(item));
        }
        if !self.has_room(&content) {
            return Err(PutError::Full(item));
        }
        let result = content.put(item);
        drop(content);
        self.not_empty.notify(1);
        result.unwrap_or_else(|panic| panic::resume_unwind(panic));
        Ok(())
    }
    // ANCHOR_END: put

    fn may_put(&self, content: &Content<S>) -> bool {
        content.shut_down || self.has_room(content)
    }

    fn has_room(&self, content: &Content<S>) -> bool {
        self.maxsize == 0 || content.items.len() < self.maxsize
    }

    /// Puts an item if there is room. Never waits. This is Python's `put_nowait`.
    ///
    /// # Errors
    ///
    /// Returns [`PutError::Full`] or [`PutError::ShutDown`] with the item.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::coroutines::Queue;
    /// use chapters::errors::PutError;
    ///
    /// let queue: Queue<_> = Queue::new(1);
    /// assert_eq!(queue.try_put("first"), Ok(()));
    /// assert_eq!(queue.try_put("second"), Err(PutError::Full("second")));
    /// ```
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.add(self.content.acquire(), item)
    }

    /// Puts an item, waiting for room for at most `timeout`.
    ///
    /// A zero timeout tries once. This is Python's `asyncio.wait_for(queue.put(item), timeout)`.
    ///
    /// # Cancel safety
    ///
    /// As for [`put`](Queue::put). When the timeout expires, the item isn't dropped but returned.
    ///
    /// # Errors
    ///
    /// Returns the item with [`PutError::Full`] if there is still no room when the time is up, or with
    /// [`PutError::ShutDown`].
    ///
    /// # Panics
    ///
    /// If it isn't polled in a tokio runtime with time enabled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::coroutines::Queue;
    /// use chapters::errors::PutError;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let queue: Queue<_> = Queue::new(1);
    /// assert_eq!(queue.put_timeout(1, Duration::from_millis(1)).await, Ok(()));
    /// assert_eq!(queue.put_timeout(2, Duration::from_millis(1)).await, Err(PutError::Full(2)));
    /// # }
    /// ```
    pub async fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let may_put = self.not_full.wait_for_sync(&self.content, |content| self.may_put(content));
        self.add(before(deadline_after(timeout), may_put).await.unwrap_or_else(|| self.content.acquire()), item)
    }

    // ANCHOR: get
    /// Takes an item, waiting until there is one. [`Queue`] has an example.
    ///
    /// # Cancel safety
    ///
    /// A coroutine that is canceled while it waits hasn't taken an item.
    ///
    /// # Errors
    ///
    /// Returns [`GetError::ShutDown`] if the queue is empty and was shut down, before or during the call.
    pub async fn get(&self) -> Result<T, GetError> {
        let content = self.not_empty.wait_for_sync(&self.content, |content| Self::may_get(content)).await;
        self.take(content)
    }

    fn take(&self, mut content: threads::LockGuard<'_, Content<S>>) -> Result<T, GetError> {
        let Some(item) = content.items.get() else {
            return Err(if content.shut_down { GetError::ShutDown } else { GetError::Empty });
        };
        drop(content);
        self.not_full.notify(1);
        Ok(item)
    }
    // ANCHOR_END: get

    fn may_get(content: &Content<S>) -> bool {
        content.shut_down || !content.items.is_empty()
    }

    /// Takes an item if there is one. Never waits. This is Python's `get_nowait`.
    ///
    /// # Errors
    ///
    /// Returns [`GetError::Empty`] if the queue is empty, or [`GetError::ShutDown`] if it is empty and was shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::coroutines::Queue;
    /// use chapters::errors::GetError;
    ///
    /// let queue: Queue<_> = Queue::new(0);
    /// assert_eq!(queue.try_get(), Err(GetError::Empty));
    /// queue.try_put("an item").unwrap();
    /// assert_eq!(queue.try_get(), Ok("an item"));
    /// ```
    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(self.content.acquire())
    }

    /// Takes an item, waiting for one for at most `timeout`.
    ///
    /// A zero timeout tries once. This is Python's `asyncio.wait_for(queue.get(), timeout)`.
    ///
    /// # Cancel safety
    ///
    /// As for [`get`](Queue::get).
    ///
    /// # Errors
    ///
    /// Returns [`GetError::Empty`] if the queue is still empty when the time is up, or [`GetError::ShutDown`].
    ///
    /// # Panics
    ///
    /// If it isn't polled in a tokio runtime with time enabled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::coroutines::Queue;
    /// use chapters::errors::GetError;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let queue: Queue<u32> = Queue::new(0);
    /// assert_eq!(queue.get_timeout(Duration::from_millis(1)).await, Err(GetError::Empty));
    /// # }
    /// ```
    pub async fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        let may_get = self.not_empty.wait_for_sync(&self.content, |content| Self::may_get(content));
        self.take(before(deadline_after(timeout), may_get).await.unwrap_or_else(|| self.content.acquire()))
    }

    /// Returns how many items are in the queue: Python's `qsize()`. The answer may be out of date when it is returned.
    pub fn len(&self) -> usize {
        self.content.acquire().items.len()
    }

    /// Returns whether the queue is empty: Python's `empty()`. The answer may be out of date when it is returned.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether the queue is full: Python's `full()`. The answer may be out of date when it is returned.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::coroutines::Queue;
    ///
    /// let queue: Queue<_> = Queue::new(1);
    /// assert!(queue.is_empty() && !queue.is_full());
    /// queue.try_put("an item").unwrap();
    /// assert_eq!((queue.len(), queue.maxsize(), queue.is_full()), (1, 1, true));
    /// ```
    pub fn is_full(&self) -> bool {
        !self.has_room(&self.content.acquire())
    }

    /// Returns how many items were put without a call of [`task_done`](Queue::task_done) for them yet: those in the
    /// queue, and those that coroutines are processing. This is Python's `unfinished_tasks`.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::coroutines::Queue;
    ///
    /// let queue: Queue<_> = Queue::new(0);
    /// queue.try_put("an item").unwrap();
    /// queue.try_get().unwrap();
    /// assert_eq!((queue.len(), queue.unfinished_tasks()), (0, 1));
    /// queue.task_done().unwrap();
    /// assert_eq!(queue.unfinished_tasks(), 0);
    /// ```
    pub fn unfinished_tasks(&self) -> usize {
        self.content.acquire().unfinished
    }

    // ANCHOR: join
    /// Reports that an item that was taken has been processed. Never waits. [`Queue`] has an example.
    ///
    /// # Errors
    ///
    /// Returns [`TooMany`] if all items that were put have been reported already. Python raises `ValueError`.
    pub fn task_done(&self) -> Result<(), TooMany> {
        let mut content = self.content.acquire();
        content.unfinished = content.unfinished.checked_sub(1).ok_or(TooMany)?;
        let all_done = content.unfinished == 0;
        drop(content);
        if all_done {
            self.all_done.notify_all();
        }
        Ok(())
    }

    /// Waits until all items that were put have been processed. [`Queue`] has an example.
    ///
    /// # Cancel safety
    ///
    /// Canceling it changes neither the queue nor what other coroutines see.
    pub async fn join(&self) {
        drop(self.all_done.wait_for_sync(&self.content, |content| content.unfinished == 0).await);
    }
    // ANCHOR_END: join

    /// Shuts the queue down: it takes no more items, and coroutines that are waiting for room get an error.
    ///
    /// Never waits. The items in the queue can still be taken, unless `immediate` is true: then they are dropped, and
    /// count as processed. [`join`](Queue::join) waits for the items that are being processed in any case. Shutting
    /// down twice is allowed. This is Python's `shutdown`, added in 3.13.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::errors::{GetError, PutError};
    /// use chapters::coroutines::Queue;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let queue: Queue<_> = Queue::new(0);
    /// queue.put("an item").await.unwrap();
    /// queue.shutdown(false);
    /// assert!(queue.is_shutdown());
    /// assert_eq!(queue.put("another").await, Err(PutError::ShutDown("another")));
    /// assert_eq!(queue.get().await, Ok("an item"));
    /// assert_eq!(queue.get().await, Err(GetError::ShutDown));
    /// # }
    /// ```
    // ANCHOR: shutdown
    pub fn shutdown(&self, immediate: bool) {
        let mut content = self.content.acquire();
        content.shut_down = true;
        let dropped = if immediate { mem::take(&mut content.items) } else { S::default() };
        content.unfinished = content.unfinished.saturating_sub(dropped.len());
        drop(content);
        self.not_full.notify_all();
        self.not_empty.notify_all();
        self.all_done.notify_all();
    }
    // ANCHOR_END: shutdown

    /// Returns whether the queue was shut down: Python's `is_shutdown`. [`shutdown`](Queue::shutdown) has an example.
    pub fn is_shutdown(&self) -> bool {
        self.content.acquire().shut_down
    }
}
