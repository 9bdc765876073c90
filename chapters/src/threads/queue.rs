//! A queue between threads: Python's `queue.Queue`, `queue.LifoQueue` and `queue.PriorityQueue`.
//!
//! It differs from a channel in what belongs to it. A channel has ends: sending fails when nobody can receive any more,
//! and receiving fails when nobody will send. A queue has none, and everybody who shares it can do everything with it. So
//! it needs [`shutdown`](Queue::shutdown) to end, and [`join`](Queue::join) to wait until all that was put has also been
//! done. A working engineer reaches for [`std::sync::mpsc`], [`crossbeam::channel`] or flume, as the demo's service does:
//! they close by themselves, and have less to lock.
//!
//! It is one lock and three conditions, as in Python. A wait ends when there is something to do, so the item is tested
//! before the time, and before whether there will be more. There is no order among the threads that wait.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::marker::PhantomData;
use std::mem;
use std::time::Duration;

use super::{Condition, Lock, LockGuard};
use crate::errors::{GetError, PutError, TooMany};
use crate::storage::Storage;

/// A queue that gives back what was put first.
///
/// ```
/// use chapters::threads::Queue;
///
/// let queue: Queue<u32> = Queue::new(10);
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         while let Ok(item) = queue.get() {
///             println!("working on {item}");
///             queue.task_done().unwrap();
///         }
///     });
///     for item in 0..30 {
///         queue.put(item).unwrap(); // blocks while there are ten
///     }
///     queue.join(); // all is done
///     queue.shutdown(false); // the worker ends
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
    of: PhantomData<fn(T) -> T>,
}

#[derive(Debug, Default)]
pub(super) struct Content<S> {
    pub(super) items: S,
    /// How many items were put for which nobody has said `task_done`.
    pub(super) unfinished: usize,
    pub(super) shut_down: bool,
}
// ANCHOR_END: queue

/// A queue that gives back what was put last.
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

/// A queue that gives back what is smallest. Which of equal items comes first is open, as in Python.
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
    /// Makes a queue for `maxsize` items at most, or for any number if that is zero, as in Python. (There, a negative
    /// number also means no limit; here it is impossible by type.)
    pub fn new(maxsize: usize) -> Self {
        Self {
            content: Lock::guarding(Content { items: S::default(), unfinished: 0, shut_down: false }),
            not_empty: Condition::new(),
            not_full: Condition::new(),
            all_done: Condition::new(),
            maxsize,
            of: PhantomData,
        }
    }

    /// How many items there may be; zero means any number.
    pub fn maxsize(&self) -> usize {
        self.maxsize
    }

    // ANCHOR: put
    /// Blocks until there is room, and puts an item. See the example of [`Queue`].
    ///
    /// # Errors
    ///
    /// When the queue was shut down, before or meanwhile. The item comes back.
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
        content.unfinished += 1;
        content.items.put(item);
        drop(content);
        self.not_empty.notify(1);
        Ok(())
    }
    // ANCHOR_END: put

    fn may_put(&self, content: &Content<S>) -> bool {
        content.shut_down || self.has_room(content)
    }

    fn has_room(&self, content: &Content<S>) -> bool {
        self.maxsize == 0 || content.items.len() < self.maxsize
    }

    /// Puts an item if there is room: Python's `put_nowait`.
    ///
    /// ```
    /// use chapters::errors::PutError;
    /// use chapters::threads::Queue;
    ///
    /// let queue: Queue<_> = Queue::new(1);
    /// assert_eq!(queue.try_put("first"), Ok(()));
    /// assert_eq!(queue.try_put("second"), Err(PutError::Full("second")));
    /// ```
    ///
    /// # Errors
    ///
    /// When the queue is full or was shut down. The item comes back.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.add(self.content.acquire(), item)
    }

    /// Blocks until there is room or `timeout` has passed, and puts an item: Python's `put(timeout=...)`. A zero timeout is
    /// one try; a negative one, Python's `ValueError`, is impossible by type.
    ///
    /// # Errors
    ///
    /// When the queue stayed full or was shut down. The item comes back.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let may_put = |content: &mut Content<S>| self.may_put(content);
        self.add(self.not_full.wait_for_timeout(self.content.acquire(), timeout, may_put).0, item)
    }

    // ANCHOR: get
    /// Blocks until there is an item, and takes it. See the example of [`Queue`].
    ///
    /// # Errors
    ///
    /// When the queue is empty and was shut down, before or meanwhile.
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

    /// Takes an item if there is one: Python's `get_nowait`.
    ///
    /// ```
    /// use chapters::errors::GetError;
    /// use chapters::threads::Queue;
    ///
    /// let queue: Queue<_> = Queue::new(0);
    /// assert_eq!(queue.try_get(), Err(GetError::Empty));
    /// queue.put("an item").unwrap();
    /// assert_eq!(queue.try_get(), Ok("an item"));
    /// ```
    ///
    /// # Errors
    ///
    /// When the queue is empty; and, which is not the same, when it also was shut down.
    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(self.content.acquire())
    }

    /// Blocks until there is an item or `timeout` has passed, and takes it: Python's `get(timeout=...)`. A zero timeout is
    /// one try.
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
    ///
    /// # Errors
    ///
    /// When the queue stayed empty; and, which is not the same, when it also was shut down.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        let may_get = |content: &mut Content<S>| Self::may_get(content);
        self.take(self.not_empty.wait_for_timeout(self.content.acquire(), timeout, may_get).0)
    }

    /// How many items there are: Python's `qsize()`. By the time you look at the answer, others may have changed it.
    pub fn len(&self) -> usize {
        self.content.acquire().items.len()
    }

    /// Whether there is no item: Python's `empty()`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room: Python's `full()`.
    ///
    /// ```
    /// use chapters::threads::Queue;
    ///
    /// let queue: Queue<_> = Queue::new(1);
    /// assert!(queue.is_empty() && !queue.is_full());
    /// queue.put("an item").unwrap();
    /// assert_eq!((queue.len(), queue.maxsize(), queue.is_full()), (1, 1, true));
    /// ```
    pub fn is_full(&self) -> bool {
        !self.has_room(&self.content.acquire())
    }

    // ANCHOR: join
    /// Says that an item that was taken has also been done. See the example of [`Queue`].
    ///
    /// # Errors
    ///
    /// When that has been said of every item that was put.
    pub fn task_done(&self) -> Result<(), TooMany> {
        let mut content = self.content.acquire();
        content.unfinished = content.unfinished.checked_sub(1).ok_or(TooMany)?;
        if content.unfinished == 0 {
            self.all_done.notify_all();
        }
        Ok(())
    }

    /// Blocks until every item that was put has also been done. See the example of [`Queue`].
    pub fn join(&self) {
        drop(self.all_done.wait_for(self.content.acquire(), |content| content.unfinished == 0));
    }
    // ANCHOR_END: join

    /// Lets nobody put any more; whoever waits for room is told. The items that are there can still be taken, unless
    /// `immediate`: then they are dropped, and count as done. Python's, since 3.13.
    ///
    /// [`join`](Queue::join) waits for the items that were taken, in any case.
    ///
    /// ```
    /// use chapters::errors::{GetError, PutError};
    /// use chapters::threads::Queue;
    ///
    /// let queue: Queue<_> = Queue::new(0);
    /// queue.put("an item").unwrap();
    /// queue.shutdown(false);
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
}
