//! A queue between coroutines: Python's `asyncio.Queue`, `asyncio.LifoQueue` and `asyncio.PriorityQueue`.
//!
//! It differs from a channel in what belongs to it. A channel has ends: sending fails when nobody can receive any more,
//! and receiving fails when nobody will send. A queue has none, and everybody who shares it can do everything with it. So
//! it needs [`shutdown`](Queue::shutdown) to end, and [`join`](Queue::join) to wait until all that was put has also been
//! done. A working engineer reaches for [`async_channel`], as the demo's service does, or [`tokio::sync::mpsc`]: they close
//! by themselves, have less to lock, and let others run now and then although they need not wait.
//!
//! It is one lock and three conditions, as in Python's `queue`. The lock is one for threads, held for an instant and never
//! over an `await`: so what need not wait is no coroutine, as in asyncio. A wait ends when there is something to do, so the
//! item is tested before the time, and before whether there will be more. Coroutines that wait are woken in the order in
//! which they came, but nothing is kept for them: one that runs meanwhile may come first, as in asyncio.
//!
//! Where Python's caller still has the item when its `put` was cancelled, here the item is dropped with the future that owns
//! it. [`Queue::put_timeout`] and [`Queue::try_put`] give it back.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::marker::PhantomData;
use std::mem;
use std::time::Duration;

use tokio::time;

use super::Condition;
use crate::errors::{GetError, PutError, TooMany};
use crate::storage::Storage;
use crate::threads;

/// A queue that gives back what was put first.
///
/// ```
/// use chapters::coroutines::Queue;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let queue: Queue<u32> = Queue::new(10);
/// let worker = async {
///     while let Ok(item) = queue.get().await {
///         println!("working on {item}");
///         queue.task_done().unwrap();
///     }
/// };
/// let boss = async {
///     for item in 0..30 {
///         queue.put(item).await.unwrap(); // waits while there are ten
///     }
///     queue.join().await; // all is done
///     queue.shutdown(false); // the worker ends
/// };
/// tokio::join!(worker, boss);
/// # }
/// ```
#[derive(Debug)]
// ANCHOR: queue
pub struct Queue<T, S = VecDeque<T>> {
    content: threads::Lock<Content<S>>,
    not_empty: Condition,
    not_full: Condition,
    all_done: Condition,
    maxsize: usize,
    of: PhantomData<fn(T) -> T>,
}

#[derive(Debug, Default)]
struct Content<S> {
    items: S,
    /// How many items were put for which nobody has said `task_done`.
    unfinished: usize,
    shut_down: bool,
}
// ANCHOR_END: queue

/// A queue that gives back what was put last.
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

/// A queue that gives back what is smallest. Which of equal items comes first is open, as in Python.
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
    /// Makes a queue for `maxsize` items at most, or for any number if that is zero, as in Python. (There, a negative
    /// number also means no limit; here it is impossible by type.)
    pub fn new(maxsize: usize) -> Self {
        Self {
            content: threads::Lock::guarding(Content { items: S::default(), unfinished: 0, shut_down: false }),
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
    /// Waits until there is room, and puts an item. See the example of [`Queue`].
    ///
    /// Cancel safe: a coroutine that is cancelled while it waits has not put its item, which is dropped with it.
    ///
    /// # Errors
    ///
    /// When the queue was shut down, before or meanwhile. The item comes back.
    pub async fn put(&self, item: T) -> Result<(), PutError<T>> {
        let content = self.not_full.until(&self.content, |content| self.may_put(content)).await;
        self.add(content, item)
    }

    fn add(&self, mut content: threads::LockGuard<'_, Content<S>>, item: T) -> Result<(), PutError<T>> {
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
    /// use chapters::coroutines::Queue;
    /// use chapters::errors::PutError;
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

    /// Waits until there is room or `timeout` has passed, and puts an item: Python's
    /// `asyncio.wait_for(queue.put(item), timeout)`. A zero timeout is one try.
    ///
    /// Cancel safe as [`put`](Queue::put) is.
    ///
    /// # Errors
    ///
    /// When the queue stayed full or was shut down. The item comes back.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has a clock.
    pub async fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let may_put = self.not_full.until(&self.content, |content| self.may_put(content));
        self.add(time::timeout(timeout, may_put).await.unwrap_or_else(|_| self.content.acquire()), item)
    }

    // ANCHOR: get
    /// Waits until there is an item, and takes it. See the example of [`Queue`].
    ///
    /// Cancel safe: a coroutine that is cancelled while it waits has taken nothing.
    ///
    /// # Errors
    ///
    /// When the queue is empty and was shut down, before or meanwhile.
    pub async fn get(&self) -> Result<T, GetError> {
        let content = self.not_empty.until(&self.content, |content| Self::may_get(content)).await;
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

    /// Takes an item if there is one: Python's `get_nowait`.
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
    ///
    /// # Errors
    ///
    /// When the queue is empty; and, which is not the same, when it also was shut down.
    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(self.content.acquire())
    }

    /// Waits until there is an item or `timeout` has passed, and takes it: Python's
    /// `asyncio.wait_for(queue.get(), timeout)`. A zero timeout is one try.
    ///
    /// Cancel safe as [`get`](Queue::get) is.
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
    ///
    /// # Errors
    ///
    /// When the queue stayed empty; and, which is not the same, when it also was shut down.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has a clock.
    pub async fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        let may_get = self.not_empty.until(&self.content, |content| Self::may_get(content));
        self.take(time::timeout(timeout, may_get).await.unwrap_or_else(|_| self.content.acquire()))
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

    // ANCHOR: join
    /// Says that an item that was taken has also been done. See the example of [`Queue`].
    ///
    /// # Errors
    ///
    /// When that has been said of every item that was put.
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

    /// Waits until every item that was put has also been done. See the example of [`Queue`].
    ///
    /// Cancel safe: a coroutine that is cancelled while it waits has changed nothing.
    pub async fn join(&self) {
        drop(self.all_done.until(&self.content, |content| content.unfinished == 0).await);
    }
    // ANCHOR_END: join

    /// Lets nobody put any more; whoever waits for room is told. The items that are there can still be taken, unless
    /// `immediate`: then they are dropped, and count as done. Python's, since 3.13.
    ///
    /// [`join`](Queue::join) waits for the items that were taken, in any case.
    ///
    /// ```
    /// use chapters::coroutines::Queue;
    /// use chapters::errors::{GetError, PutError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let queue: Queue<_> = Queue::new(0);
    /// queue.put("an item").await.unwrap();
    /// queue.shutdown(false);
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
}

#[cfg(test)]
#[path = "tests/queue.rs"]
mod tests;
