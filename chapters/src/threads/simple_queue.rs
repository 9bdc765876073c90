//! A queue without limits and without ends: Python's `queue.SimpleQueue`.
//!
//! It differs from a [`Queue`](super::Queue) in what it leaves out: it is never full, nobody waits until all is done, and
//! nobody shuts it down. So [`put`](SimpleQueue::put) never blocks and never fails. CPython makes it for code that may be
//! interrupted in the middle of itself, a destructor for example; this one is a lesson in how little a queue can be.
//!
//! A working engineer reaches for [`std::sync::mpsc::channel`], or for [`crossbeam::queue::SegQueue`] where nobody has to
//! wait.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Condition, Lock};

/// A queue that is never full.
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
    /// Makes an empty queue.
    pub fn new() -> Self {
        Self { items: Lock::default(), not_empty: Condition::new() }
    }

    /// Puts an item. See the example of [`SimpleQueue`].
    pub fn put(&self, item: T) {
        self.items.acquire().push_back(item);
        self.not_empty.notify(1);
    }

    /// Blocks until there is an item, and takes it. See the example of [`SimpleQueue`].
    pub fn get(&self) -> T {
        let mut items = self.not_empty.wait_for(self.items.acquire(), |items| !items.is_empty());
        items.pop_front().expect("there is an item")
    }

    /// Takes an item if there is one: Python's `get_nowait`.
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

    /// Blocks until there is an item or `timeout` has passed, and takes it: Python's `get(timeout=...)`. A zero timeout is
    /// one try.
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

    /// How many items there are: Python's `qsize()`. By the time you look at the answer, others may have changed it.
    pub fn len(&self) -> usize {
        self.items.acquire().len()
    }

    /// Whether there is no item: Python's `empty()`.
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
