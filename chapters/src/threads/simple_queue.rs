//! An unbounded queue and nothing else: the counterpart of Python's `queue.SimpleQueue`.
//!
//! # Differences from other types
//!
//! A [`Queue`](super::Queue) can be bounded, joined, and shut down. This queue can't, so [`put`](SimpleQueue::put)
//! never waits for room and never fails. It shows how small a queue can be.
//!
//! Programs use [`std::sync::mpsc::channel`], or [`crossbeam::queue::SegQueue`] if no thread has to wait for items.
//!
//! CPython's `SimpleQueue` is reentrant: a destructor or a signal handler can call `put` while the same thread is in
//! the middle of another `put`. This one isn't: such a call would wait for the thread's own lock forever.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Condition, Lock};

/// An unbounded queue: first in, first out.
///
/// # Examples
///
/// ```
/// use chapters::threads::SimpleQueue;
///
/// let queue = SimpleQueue::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| (0..3).for_each(|item| queue.put(item)));
///     assert_eq!([queue.get(), queue.get(), queue.get()], [0, 1, 2]);
/// });
/// ```
#[derive(Debug)]
pub struct SimpleQueue<T> {
    items: Lock<VecDeque<T>>,
    not_empty: Condition,
}

impl<T> SimpleQueue<T> {
    /// Creates an empty queue.
    pub fn new() -> Self {
        Self { items: Lock::default(), not_empty: Condition::new() }
    }

    /// Puts an item. [`SimpleQueue`] has an example.
    pub fn put(&self, item: T) {
        self.items.acquire().push_back(item);
        self.not_empty.notify(1);
    }

    /// Takes an item, blocking until there is one. [`SimpleQueue`] has an example.
    ///
    /// Blocks forever if no thread puts an item. A channel would notice that all senders are gone.
    pub fn get(&self) -> T {
        let mut items = self.not_empty.wait_for(self.items.acquire(), |items| !items.is_empty());
        items.pop_front().expect("there is an item")
    }

    /// Takes an item if there is one. Doesn't wait for one. This is Python's `get_nowait`.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::threads::SimpleQueue;
    ///
    /// let queue = SimpleQueue::new();
    /// assert_eq!(queue.try_get(), None);
    /// queue.put("an item");
    /// assert_eq!(queue.try_get(), Some("an item"));
    /// ```
    pub fn try_get(&self) -> Option<T> {
        self.items.acquire().pop_front()
    }

    /// Takes an item, blocking for one for at most `timeout`.
    ///
    /// Returns `None` if the queue is still empty when the time is up. A zero timeout tries once. This is Python's
    /// `get(timeout=...)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::threads::SimpleQueue;
    ///
    /// let queue: SimpleQueue<u32> = SimpleQueue::new();
    /// assert_eq!(queue.get_timeout(Duration::from_millis(1)), None);
    /// ```
    pub fn get_timeout(&self, timeout: Duration) -> Option<T> {
        self.not_empty.wait_for_timeout(self.items.acquire(), timeout, |items| !items.is_empty()).0.pop_front()
    }

    /// Returns how many items are in the queue: Python's `qsize()`. The answer may be out of date when it is returned.
    pub fn len(&self) -> usize {
        self.items.acquire().len()
    }

    /// Returns whether the queue is empty: Python's `empty()`. The answer may be out of date when it is returned.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::threads::SimpleQueue;
    ///
    /// let queue = SimpleQueue::new();
    /// assert!(queue.is_empty());
    /// queue.put("an item");
    /// assert_eq!(queue.len(), 1);
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Default for SimpleQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}
