//! A queue between threads that can be bounded: the counterpart of Python's `queue.Queue`, `queue.LifoQueue` and
//! `queue.PriorityQueue`.
//!
//! # Differences from other types
//!
//! Most programs use a channel: [`std::sync::mpsc`], [`crossbeam::channel`] or flume. A channel has ends: sending fails
//! when all receivers are gone, and receiving fails when all senders are gone, so it closes by itself. A queue doesn't
//! have ends: all threads that share it can both put and get. It is closed with [`shutdown`](Queue::shutdown), and it
//! counts the items that were put but not yet processed, so that [`join`](Queue::join) can wait for them.
//!
//! Compared with Python's queues:
//!
//! - `maxsize` is fixed; Python allows assigning it. A negative `maxsize` or timeout is excluded by the type.
//! - A queue can have any [`Storage`], where Python has subclasses that override `_put` and `_get`.
//! - `shutdown`, [`is_shutdown`](Queue::is_shutdown) and the error `ShutDown` are those of Python 3.13.
//!
//! # How it works
//!
//! A queue is one lock and three conditions, as in Python: `not_empty` for threads that wait for an item, `not_full`
//! for those that wait for room, and `all_done` for those that wait in `join`. A waiting thread checks for room or an
//! item before it checks the time, so a zero timeout tries once. Items can be taken even after a shutdown. Waiting
//! threads aren't served in any particular order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;
use std::{mem, thread};

use super::{Condition, Lock, LockGuard};
use crate::errors::{GetError, PutError, TooMany};
use crate::storage::Storage;

/// A queue that returns items in the order in which they were put: first in, first out.
///
/// # Examples
///
/// ```
/// use chapters::threads::Queue;
///
/// let queue: Queue<u32> = Queue::new(10);
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         while let Ok(item) = queue.get() {
///             println!("processing {item}");
///             queue.task_done().unwrap();
///         }
///     });
///     for item in 0..30 {
///         queue.put(item).unwrap(); // blocks while there are ten
///     }
///     queue.join(); // returns when all 30 have been processed
///     queue.shutdown(false); // ends the worker
/// });
/// ```
#[derive(Debug)]
// ANCHOR: queue
pub struct Queue<T, S = VecDeque<T>> {
    pub(super) content: Lock<Content<S>>,
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
/// use chapters::threads::LifoQueue;
///
/// let queue = LifoQueue::new(0);
/// queue.put(1).unwrap();
/// queue.put(2).unwrap();
/// assert_eq!(queue.get(), Ok(2));
/// ```
pub type LifoQueue<T> = Queue<T, Vec<T>>;

/// A queue that returns the smallest item. Equal items come in any order, as in Python.
///
/// # Examples
///
/// ```
/// use chapters::threads::PriorityQueue;
///
/// let queue = PriorityQueue::new(0);
/// queue.put((2, "later")).unwrap();
/// queue.put((1, "sooner")).unwrap();
/// assert_eq!(queue.get(), Ok((1, "sooner")));
/// ```
pub type PriorityQueue<T> = Queue<T, BinaryHeap<Reverse<T>>>;

impl<T, S: Storage<T>> Queue<T, S> {
    /// Creates a queue for at most `maxsize` items, or without a limit if `maxsize` is zero, as in Python.
    ///
    /// Channels disagree about zero: a crossbeam channel of capacity 0 can't store an item, and passes each one
    /// directly from a sender to a receiver.
    pub fn new(maxsize: usize) -> Self {
        Self {
            content: Lock::guarding(Content { items: S::default(), unfinished: 0, shut_down: false }),
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
    /// Puts an item, blocking until there is room. [`Queue`] has an example.
    ///
    /// # Errors
    ///
    /// Returns [`PutError::ShutDown`] with the item if the queue is shut down, before or during the call.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        let content = self.not_full.wait_for(self.content.acquire(), |content| self.may_put(content));
        self.add(content, item)
    }

    fn add(&self, mut content: LockGuard<'_, Content<S>>, item: T) -> Result<(), PutError<T>> {
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

    /// Puts an item if there is room. Never waits for other threads to put or take items. This is Python's
    /// `put_nowait`.
    ///
    /// # Errors
    ///
    /// Returns [`PutError::Full`] or [`PutError::ShutDown`] with the item.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::errors::PutError;
    /// use chapters::threads::Queue;
    ///
    /// let queue: Queue<_> = Queue::new(1);
    /// assert_eq!(queue.try_put("first"), Ok(()));
    /// assert_eq!(queue.try_put("second"), Err(PutError::Full("second")));
    /// ```
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.add(self.content.acquire(), item)
    }

    /// Puts an item, blocking for room for at most `timeout`.
    ///
    /// A zero timeout tries once. This is Python's `put(timeout=...)`.
    ///
    /// # Errors
    ///
    /// Returns the item with [`PutError::Full`] if there is still no room when the time is up, or with
    /// [`PutError::ShutDown`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::errors::PutError;
    /// use chapters::threads::Queue;
    ///
    /// let queue: Queue<_> = Queue::new(1);
    /// assert_eq!(queue.put_timeout(1, Duration::from_millis(1)), Ok(()));
    /// assert_eq!(queue.put_timeout(2, Duration::from_millis(1)), Err(PutError::Full(2)));
    /// ```
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let may_put = |content: &mut Content<S>| self.may_put(content);
        self.add(self.not_full.wait_for_timeout(self.content.acquire(), timeout, may_put).0, item)
    }

    // ANCHOR: get
    /// Takes an item, blocking until there is one. [`Queue`] has an example.
    ///
    /// # Errors
    ///
    /// Returns [`GetError::ShutDown`] if the queue is empty and was shut down, before or during the call.
    pub fn get(&self) -> Result<T, GetError> {
        let content = self.not_empty.wait_for(self.content.acquire(), |content| Self::may_get(content));
        self.take(content)
    }

    fn take(&self, mut content: LockGuard<'_, Content<S>>) -> Result<T, GetError> {
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

    /// Takes an item if there is one. Never waits for other threads to put or take items. This is Python's
    /// `get_nowait`.
    ///
    /// # Errors
    ///
    /// Returns [`GetError::Empty`] if the queue is empty, or [`GetError::ShutDown`] if it is empty and was shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::errors::GetError;
    /// use chapters::threads::Queue;
    ///
    /// let queue: Queue<_> = Queue::new(0);
    /// assert_eq!(queue.try_get(), Err(GetError::Empty));
    /// queue.try_put("an item").unwrap();
    /// assert_eq!(queue.try_get(), Ok("an item"));
    /// ```
    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(self.content.acquire())
    }

    /// Takes an item, blocking for one for at most `timeout`.
    ///
    /// A zero timeout tries once. This is Python's `get(timeout=...)`.
    ///
    /// # Errors
    ///
    /// Returns [`GetError::Empty`] if the queue is still empty when the time is up, or [`GetError::ShutDown`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::errors::GetError;
    /// use chapters::threads::Queue;
    ///
    /// let queue: Queue<u32> = Queue::new(0);
    /// assert_eq!(queue.get_timeout(Duration::from_millis(1)), Err(GetError::Empty));
    /// ```
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        let may_get = |content: &mut Content<S>| Self::may_get(content);
        self.take(self.not_empty.wait_for_timeout(self.content.acquire(), timeout, may_get).0)
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
    /// use chapters::threads::Queue;
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
    /// queue, and those that threads are processing. This is Python's `unfinished_tasks`.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::threads::Queue;
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
    /// Reports that an item that was taken has been processed. Never waits for other threads to put or take items.
    /// [`Queue`] has an example.
    ///
    /// # Errors
    ///
    /// Returns [`TooMany`] if all items that were put have been reported already. Python raises `ValueError`.
    pub fn task_done(&self) -> Result<(), TooMany> {
        let mut content = self.content.acquire();
        content.unfinished = content.unfinished.checked_sub(1).ok_or(TooMany)?;
        if content.unfinished == 0 {
            self.all_done.notify_all();
        }
        Ok(())
    }

    /// Blocks until all items that were put have been processed. [`Queue`] has an example.
    pub fn join(&self) {
        drop(self.all_done.wait_for(self.content.acquire(), |content| content.unfinished == 0));
    }
    // ANCHOR_END: join

    /// Shuts the queue down: it takes no more items, and threads that are waiting for room get an error.
    ///
    /// Never waits for other threads to put or take items. The items in the queue can still be taken, unless
    /// `immediate` is true: then they are dropped, and count as processed. [`join`](Queue::join) waits for the items
    /// that are being processed in any case. Shutting down twice is allowed. This is Python's `shutdown`, added in
    /// 3.13.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::errors::{GetError, PutError};
    /// use chapters::threads::Queue;
    ///
    /// let queue: Queue<_> = Queue::new(0);
    /// queue.put("an item").unwrap();
    /// queue.shutdown(false);
    /// assert!(queue.is_shutdown());
    /// assert_eq!(queue.put("another"), Err(PutError::ShutDown("another")));
    /// assert_eq!(queue.get(), Ok("an item"));
    /// assert_eq!(queue.get(), Err(GetError::ShutDown));
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
