//! A bounded queue between processes: the counterpart of Python's `multiprocessing.Queue` and `JoinableQueue`.
//!
//! # Differences from other types
//!
//! - [`threads::Queue`](crate::threads::Queue) holds the items themselves. This queue serializes them with serde into
//!   [`shared`](super::shared) memory, whose size is fixed when the queue is created.
//! - A process that uses the queue can be killed. Its changes take effect when it releases the queue's lock, so an item
//!   is on the queue or it isn't, and no item is torn or received twice. A process that dies with unfinished items
//!   can't call `task_done`. Its items count as [lost](Queue::lost), and [`join`](Queue::join) returns.
//! - A [`SimpleQueue`](super::SimpleQueue) has a fixed size as well, but can't count tasks or be shut down.
//! - In Python, `put` hands the item to a *feeder* thread, which serializes it and writes it to a pipe. If that fails,
//!   the thread prints a traceback, long after `put` has returned. A process that exits waits for its feeder, forever
//!   if no process takes the items out. A process that is killed while it holds the pipe's lock leaves it locked.
//!   `empty()` may return true just after a `put`. This queue has no feeder: `put` reports items that it can't send and
//!   blocks while there isn't enough room, a process that exits doesn't wait, and [`len`](Queue::len) is exact.
//!
//! A working engineer uses a pipe; a Unix socket, which reports that the other end is closed; [ipc-channel], which
//! resembles the standard library's channel; or a message broker, if items must outlive all processes or cross the
//! network.
//!
//! [ipc-channel]: https://docs.rs/ipc-channel

mod errors;
mod in_flight;
pub(super) mod ring;

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytemuck::{Pod, Zeroable};
pub use errors::{GetError, PutError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::os::shared::{LINE, Place, Shared};
use super::{Condition, Lock, LockGuard};
use crate::errors::TooMany;
use in_flight::{Change, Tallies};
use ring::{Frame, Frames, Ring};

/// The index of the word that holds the maximum number of items.
const MAXSIZE: usize = 0;
/// The index of the word that holds the size of the ring, in words.
const ROOM: usize = 1;
/// The offset of the lock, which the conditions, the table of tasks and the ring follow.
const REST: usize = LINE;

/// The default amount of room, in bytes: as much as a pipe has.
pub(super) const DEFAULT_ROOM: usize = 1 << 16;

/// How long `join` waits before it checks for dead processes.
const LOOK: Duration = Duration::from_millis(50);

/// A first-in, first-out queue. Its clones are the same queue.
///
/// ```
/// use std::sync::Arc;
/// use chapters::processes::{Queue, shared::Shared};
///
/// # fn main() -> std::io::Result<()> {
/// let memory = Arc::new(Shared::new(Queue::<u32>::WORDS)?);
/// let queue = Queue::new(&memory, 10)?;
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
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
// ANCHOR: queue
pub struct Queue<T> {
    content: Lock<Content>,
    not_empty: Condition,
    not_full: Condition,
    all_done: Condition,
    maxsize: usize,
    place: Place,
    tallies: Tallies,
    ring: Ring,
    of: PhantomData<fn(T) -> T>,
}

#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
struct Content {
    items: Frames,
    /// The number of items that were put, and for which `task_done` hasn't been called.
    unfinished: u64,
    lost: u64,
    shut_down: u64,
    tallied: Change,
}
// ANCHOR_END: queue

impl<T> Queue<T> {
    /// The number of words of shared memory that a queue created by [`Queue::new`] needs.
    pub const WORDS: usize = Self::words(DEFAULT_ROOM);

    /// Returns the number of words of shared memory that a queue with room for `bytes` bytes needs.
    pub const fn words(bytes: usize) -> usize {
        Self::BEFORE_RING + Ring::words(bytes)
    }

    const BEFORE_RING: usize = REST + Lock::<Content>::WORDS + 3 * Condition::WORDS + Tallies::WORDS;
}

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// Creates a queue for at most `maxsize` items and 64 KiB. If `maxsize` is zero, the number of items is unlimited,
    /// as in Python. [`Queue`] has an example.
    ///
    /// # Errors
    ///
    /// If fewer than [`Queue::WORDS`] words of `memory` are left.
    pub fn new(memory: &Arc<Shared>, maxsize: usize) -> io::Result<Self> {
        Self::with_room(memory, maxsize, DEFAULT_ROOM)
    }

    /// Creates a queue for at most `maxsize` items and `bytes` bytes. If `maxsize` is zero, the number of items is
    /// unlimited. Each item takes its serialized length, rounded up to a multiple of 8, and 8 bytes more.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::queue::PutError;
    /// use chapters::processes::{Queue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(Queue::<u64>::words(64))?);
    /// let queue = Queue::with_room(&memory, 0, 64)?;
    /// for item in 0..4 {
    ///     queue.try_put(item).unwrap();
    /// }
    /// assert_eq!(queue.try_put(4), Err(PutError::Full(4)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If fewer words of `memory` are left than [`words`](Queue::words) returns.
    pub fn with_room(memory: &Arc<Shared>, maxsize: usize, bytes: usize) -> io::Result<Self> {
        let place = memory.place(Self::words(bytes))?;
        let parameters = memory.at(place, REST)?;
        parameters[MAXSIZE].store(maxsize as u64, Ordering::Relaxed);
        parameters[ROOM].store(Ring::words(bytes) as u64, Ordering::Relaxed);
        Self::at(memory, place)
    }

    /// Opens the queue that another process created at `place`.
    ///
    /// ```
    /// use std::os::fd::AsFd;
    /// use std::sync::Arc;
    /// use chapters::processes::{Queue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(Queue::<String>::WORDS)?);
    /// let queue = Queue::new(&memory, 10)?;
    /// queue.put("an item".to_owned()).unwrap();
    ///
    /// // In another process, which received the descriptor and the place:
    /// let elsewhere = Arc::new(Shared::map(memory.as_fd().try_clone_to_owned()?)?);
    /// assert_eq!(Queue::at(&elsewhere, queue.place())?.get(), Ok("an item".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the words at `place` weren't allocated, or don't hold a queue.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        let parameters = memory.at(place, REST)?;
        let [maxsize, room] = [MAXSIZE, ROOM].map(|word| parameters[word].load(Ordering::Relaxed) as usize);
        let content = place.after(REST);
        let [not_empty, not_full, all_done, tallies] =
            [0, 1, 2, 3].map(|index| content.after(Lock::<Content>::WORDS + index * Condition::WORDS));
        let ring = memory.at(tallies.after(Tallies::WORDS), room)?;
        Ok(Self {
            content: Lock::at(memory, content)?,
            not_empty: Condition::at(memory, not_empty)?,
            not_full: Condition::at(memory, not_full)?,
            all_done: Condition::at(memory, all_done)?,
            maxsize,
            place,
            tallies: Tallies::new(memory.at(tallies, Tallies::WORDS)?),
            ring: Ring::new(ring)?,
            of: PhantomData,
        })
    }

    /// Returns where the queue is in the memory, to be sent to other processes. [`Queue::at`] has an example.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Returns the maximum number of items. If it is zero, only the memory limits the number.
    pub fn maxsize(&self) -> usize {
        self.maxsize
    }

    // ANCHOR: put
    /// Puts an item on the queue, blocking until there is room. [`Queue`] has an example.
    ///
    /// # Errors
    ///
    /// If the queue is shut down before there is room; or if the item can't be serialized, or is larger than the ring.
    /// The error contains the item.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        let frame = self.ring.frame(item)?;
        let content = self.not_full.wait_for(self.content.acquire(), |content| self.may_put(content, &frame));
        self.add(content, frame)
    }

    fn add(&self, mut content: LockGuard<'_, Content>, frame: Frame<T>) -> Result<(), PutError<T>> {
        if content.shut_down != 0 {
            return Err(PutError::ShutDown(frame.item));
        }
        if !self.has_room(&content, &frame) {
            return Err(PutError::Full(frame.item));
        }
        content.unfinished = content.unfinished.saturating_add(1);
        self.ring.push(&mut content.items, &frame);
        drop(content);
        self.not_empty.notify(1);
        Ok(())
    }
    // ANCHOR_END: put

    fn may_put(&self, content: &Content, frame: &Frame<T>) -> bool {
        content.shut_down != 0 || self.has_room(content, frame)
    }

    fn has_room(&self, content: &Content, frame: &Frame<T>) -> bool {
        !self.is_at_limit(content) && self.ring.has_room(&content.items, frame)
    }

    fn is_at_limit(&self, content: &Content) -> bool {
        self.maxsize != 0 && content.items.count as usize >= self.maxsize
    }

    /// Puts an item on the queue if there is room. This is Python's `put_nowait`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::queue::PutError;
    /// use chapters::processes::{Queue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(Queue::<u32>::WORDS)?);
    /// let queue = Queue::new(&memory, 1)?;
    /// assert_eq!(queue.try_put(1), Ok(()));
    /// assert_eq!(queue.try_put(2), Err(PutError::Full(2)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the queue is full or shut down, or the item can't be sent. The error contains the item.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        let frame = self.ring.frame(item)?;
        self.add(self.content.acquire(), frame)
    }

    /// Puts an item on the queue, blocking for at most `timeout` until there is room. A zero timeout tries once. This
    /// is Python's `put(timeout=...)`; a negative timeout, a `ValueError` there, is excluded by the type.
    ///
    /// # Errors
    ///
    /// If the queue is still full after `timeout`, or was shut down, or the item can't be sent. The error contains the
    /// item.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let frame = self.ring.frame(item)?;
        let may_put = |content: &Content| self.may_put(content, &frame);
        let content = self.not_full.wait_for_timeout(self.content.acquire(), timeout, may_put).0;
        self.add(content, frame)
    }

    // ANCHOR: get
    /// Removes and returns the first item, blocking until there is one. [`Queue`] has an example.
    ///
    /// # Errors
    ///
    /// If the queue is empty and shut down; or if the first entry can't be deserialized as a `T`. That entry is removed
    /// and counts as lost. If its length is invalid as well, all entries are removed and count as lost, because the
    /// start of the next one is unknown.
    pub fn get(&self) -> Result<T, GetError> {
        let content = self.not_empty.wait_for(self.content.acquire(), |content| Self::may_get(content));
        self.take(content)
    }

    fn take(&self, mut content: LockGuard<'_, Content>) -> Result<T, GetError> {
        if content.items.count == 0 {
            return Err(if content.shut_down != 0 { GetError::ShutDown } else { GetError::Empty });
        }
        let was_at_limit = self.is_at_limit(&content);
        let Some(bytes) = self.ring.pop(&mut content.items) else {
            content.lost = content.lost.saturating_add(content.items.count);
            self.clear(content);
            return Err(GetError::Corrupt);
        };
        self.tallies.add(&mut content.tallied);
        drop(content);
        // Processes may be waiting for different numbers of bytes, so wake all of them.
        self.not_full.notify(if was_at_limit { 1 } else { usize::MAX });
        ring::item(&bytes).inspect_err(|_| _ = self.finish(1))
    }
    // ANCHOR_END: get

    fn may_get(content: &Content) -> bool {
        content.shut_down != 0 || content.items.count > 0
    }

    /// Removes and returns the first item if there is one. This is Python's `get_nowait`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::queue::GetError;
    /// use chapters::processes::{Queue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(Queue::<u32>::WORDS)?);
    /// let queue = Queue::new(&memory, 0)?;
    /// assert_eq!(queue.try_get(), Err(GetError::Empty));
    /// queue.put(7).unwrap();
    /// assert_eq!(queue.try_get(), Ok(7));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the queue is empty, with different errors before and after it was shut down, or if the first entry isn't an
    /// item.
    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(self.content.acquire())
    }

    /// Removes and returns the first item, blocking for at most `timeout` until there is one. A zero timeout tries
    /// once. This is Python's `get(timeout=...)`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::processes::queue::GetError;
    /// use chapters::processes::{Queue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(Queue::<u32>::WORDS)?);
    /// let queue: Queue<u32> = Queue::new(&memory, 0)?;
    /// assert_eq!(queue.get_timeout(Duration::from_millis(1)), Err(GetError::Empty));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the queue is still empty after `timeout`, or is empty and shut down, which are different errors; or if the
    /// first entry isn't an item.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        let may_get = |content: &Content| Self::may_get(content);
        self.take(self.not_empty.wait_for_timeout(self.content.acquire(), timeout, may_get).0)
    }

    /// Returns the number of items. The answer may be out of date when it is returned. This is Python's `qsize()`,
    /// which fails on macOS.
    pub fn len(&self) -> usize {
        self.content.acquire().items.count as usize
    }

    /// Returns whether the queue is empty. This is Python's `empty()`, which may return true just after a `put`; this
    /// one doesn't.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether the queue lacks room even for the shortest item. This is Python's `full()`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{Queue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(Queue::<u32>::WORDS)?);
    /// let queue = Queue::new(&memory, 1)?;
    /// assert!(queue.is_empty() && !queue.is_full());
    /// queue.put(7).unwrap();
    /// assert_eq!((queue.len(), queue.maxsize(), queue.is_full()), (1, 1, true));
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_full(&self) -> bool {
        let content = self.content.acquire();
        self.is_at_limit(&content) || self.ring.is_full(&content.items)
    }

    // ANCHOR: join
    /// Counts an item that was taken as done. Any process may call this, as in Python. [`Queue`] has an example.
    ///
    /// # Errors
    ///
    /// If every item that was put is already done or lost.
    pub fn task_done(&self) -> Result<(), TooMany> {
        self.finish(0)
    }

    fn finish(&self, lost: u64) -> Result<(), TooMany> {
        let mut content = self.content.acquire();
        content.unfinished = content.unfinished.checked_sub(1).ok_or(TooMany)?;
        content.lost = content.lost.saturating_add(lost);
        self.tallies.remove(&mut content.tallied);
        if content.unfinished == 0 {
            self.all_done.notify_all();
        }
        Ok(())
    }

    /// Blocks until every item that was put is done or [lost](Queue::lost). [`Queue`] has an example.
    ///
    /// If a faulty process has written garbage over the number of unfinished items, this may block forever.
    pub fn join(&self) {
        let all_done = |content: &Content| content.unfinished == 0;
        while !self.all_done.wait_for_timeout(self.content.acquire(), LOOK, all_done).1 {
            self.reap();
        }
    }
    // ANCHOR_END: join

    /// Checks for dead processes, and returns the number of lost items: those that a process took before it died, and
    /// those that couldn't be deserialized. Python doesn't detect lost items, so its `join` waits for them forever.
    ///
    /// An item that was taken belongs to the process that took it, until a process calls
    /// [`task_done`](Queue::task_done). The queue keeps track of 1024 processes with unfinished items. It can't detect
    /// that the items of further processes are lost.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{Queue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(Queue::<u32>::WORDS)?);
    /// let queue = Queue::new(&memory, 0)?;
    /// queue.put(7).unwrap();
    /// queue.get().unwrap();
    /// assert_eq!(queue.lost(), 0); // this process has it, and is alive
    /// # Ok(())
    /// # }
    /// ```
    pub fn lost(&self) -> usize {
        self.reap();
        self.content.acquire().lost as usize
    }

    /// Counts the unfinished items of dead processes as lost. Handles one process at a time, because each change is
    /// committed separately.
    fn reap(&self) {
        loop {
            let mut content = self.content.acquire();
            let Some(tasks) = self.tallies.bury_one(&mut content.tallied) else { return };
            content.unfinished = content.unfinished.saturating_sub(tasks);
            content.lost = content.lost.saturating_add(tasks);
            if content.unfinished == 0 {
                self.all_done.notify_all();
            }
        }
    }

    /// Shuts the queue down: `put` returns an error from now on, even in processes that are already waiting for room.
    /// Items on the queue can still be taken, unless `immediate` is true, which drops them and counts them as done.
    /// Python's `queue.Queue` has this method in 3.13 and later. `multiprocessing.Queue` only has `close()`, which
    /// prevents the calling process from putting more items.
    ///
    /// [`join`](Queue::join) still waits for the items that were taken.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::queue::{GetError, PutError};
    /// use chapters::processes::{Queue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(Queue::<u32>::WORDS)?);
    /// let queue = Queue::new(&memory, 0)?;
    /// queue.put(7).unwrap();
    /// queue.shutdown(false);
    /// assert_eq!(queue.put(8), Err(PutError::ShutDown(8)));
    /// assert_eq!(queue.get(), Ok(7));
    /// assert_eq!(queue.get(), Err(GetError::ShutDown));
    /// # Ok(())
    /// # }
    /// ```
    // ANCHOR: shutdown
    pub fn shutdown(&self, immediate: bool) {
        let mut content = self.content.acquire();
        content.shut_down = 1;
        match immediate {
            true => self.clear(content),
            false => drop(content),
        }
        self.not_full.notify_all();
        self.not_empty.notify_all();
        self.all_done.notify_all();
    }
    // ANCHOR_END: shutdown

    /// Drops all items.
    fn clear(&self, mut content: LockGuard<'_, Content>) {
        content.unfinished = content.unfinished.saturating_sub(content.items.count);
        content.items = Frames::default();
        drop(content);
        self.not_full.notify_all();
        self.all_done.notify_all();
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self {
            content: self.content.clone(),
            not_empty: self.not_empty.clone(),
            not_full: self.not_full.clone(),
            all_done: self.all_done.clone(),
            tallies: self.tallies.clone(),
            ring: self.ring.clone(),
            ..*self
        }
    }
}

#[cfg(test)]
#[path = "../tests/queue.rs"]
mod tests;
