//! A first-in, first-out queue between processes: the counterpart of Python's `multiprocessing.SimpleQueue`.
//!
//! The queue is made of a lock, a ring of bytes in shared memory, and a condition for each side to wait for. A process
//! may be killed at any moment: an item is on the queue or it isn't, and no item is torn or received twice.
//!
//! # Differences from other types
//!
//! - A [`Queue`](super::Queue) also limits the number of items, counts the tasks that aren't done, counts the items
//!   that a process took before it died, and can be shut down. Comparing the two files shows the cost of each.
//! - [`threads::SimpleQueue`](crate::threads::SimpleQueue) grows as needed. This one has a fixed amount of room, and
//!   [`put`](SimpleQueue::put) blocks while there isn't enough.
//! - Python's queue is a pipe with a lock at each end, and its `put` blocks while the pipe is full. Each item is
//!   written as its length and its bytes, so receiving one takes several reads. If a reader is killed between them, the
//!   lock stays locked, and the next read would begin in the middle of an item.
//!
//! A working engineer uses a pipe in *packet mode* (`O_DIRECT`, see pipe(7)), in which the kernel keeps separate writes
//! separate and each item costs a system call; a Unix socket, which reports that the other end is closed;
//! [ipc-channel], which can also send the ends of channels; or a message broker once a second machine is involved.
//!
//! [ipc-channel]: https://docs.rs/ipc-channel

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::os::shared::{LINE, Place, Shared};
use super::queue::ring::{self, Frame, Frames, Ring};
use super::queue::{DEFAULT_ROOM, GetError, PutError};
use super::{Condition, Lock, LockGuard};

/// The index of the word that holds the size of the ring, in words.
const ROOM: usize = 0;
/// The offset of the lock, which the conditions and the ring follow.
const REST: usize = LINE;

/// A first-in, first-out queue. Its clones are the same queue.
///
/// ```
/// use std::sync::Arc;
/// use chapters::processes::{SimpleQueue, shared::Shared};
///
/// # fn main() -> std::io::Result<()> {
/// let memory = Arc::new(Shared::new(SimpleQueue::<u32>::WORDS)?);
/// let queue = SimpleQueue::new(&memory)?;
/// std::thread::scope(|scope| {
///     scope.spawn(|| (0..3).for_each(|item| queue.put(item).unwrap()));
///     assert_eq!([queue.get(), queue.get(), queue.get()], [Ok(0), Ok(1), Ok(2)]);
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SimpleQueue<T> {
    items: Lock<Frames>,
    not_empty: Condition,
    not_full: Condition,
    place: Place,
    ring: Ring,
    of: PhantomData<fn(T) -> T>,
}

impl<T> SimpleQueue<T> {
    /// The number of words of shared memory that a queue created by [`SimpleQueue::new`] needs.
    pub const WORDS: usize = Self::words(DEFAULT_ROOM);

    /// Returns the number of words of shared memory that a queue with room for `bytes` bytes needs.
    pub const fn words(bytes: usize) -> usize {
        Self::BEFORE_RING + Ring::words(bytes)
    }

    const BEFORE_RING: usize = REST + Lock::<Frames>::WORDS + 2 * Condition::WORDS;
}

impl<T: Serialize + DeserializeOwned> SimpleQueue<T> {
    /// Creates an empty queue with room for 64 KiB of items. [`SimpleQueue`] has an example.
    ///
    /// # Errors
    ///
    /// If fewer than [`SimpleQueue::WORDS`] words of `memory` are left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::with_room(memory, DEFAULT_ROOM)
    }

    /// Creates an empty queue with room for `bytes` bytes of items. Each item takes its serialized length, rounded up
    /// to a multiple of 8, and 8 bytes more. [`Queue::with_room`](super::Queue::with_room) has an example.
    ///
    /// # Errors
    ///
    /// If fewer words of `memory` are left than [`words`](SimpleQueue::words) returns.
    pub fn with_room(memory: &Arc<Shared>, bytes: usize) -> io::Result<Self> {
        let place = memory.place(Self::words(bytes))?;
        memory.at(place, REST)?[ROOM].store(Ring::words(bytes) as u64, Ordering::Relaxed);
        Self::at(memory, place)
    }

    /// Opens the queue that another process created at `place`. [`Queue::at`](super::Queue::at) has an example.
    ///
    /// # Errors
    ///
    /// If the words at `place` weren't allocated, or don't hold a queue.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        let room = memory.at(place, REST)?[ROOM].load(Ordering::Relaxed) as usize;
        let items = place.after(REST);
        let [not_empty, not_full, ring] =
            [0, 1, 2].map(|index| items.after(Lock::<Frames>::WORDS + index * Condition::WORDS));
        Ok(Self {
            items: Lock::at(memory, items)?,
            not_empty: Condition::at(memory, not_empty)?,
            not_full: Condition::at(memory, not_full)?,
            place,
            ring: Ring::new(memory.at(ring, room)?)?,
            of: PhantomData,
        })
    }

    /// Returns where the queue is in the memory, to be sent to other processes. [`Queue::at`](super::Queue::at) has an
    /// example.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Puts an item on the queue, blocking until there is room. [`SimpleQueue`] has an example.
    ///
    /// # Errors
    ///
    /// If the item can't be serialized, or is larger than the ring. The error contains the item.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        let frame = self.ring.frame(item)?;
        let items = self.not_full.wait_for(self.items.acquire(), |items| self.ring.has_room(items, &frame));
        self.add(items, frame)
    }

    fn add(&self, mut items: LockGuard<'_, Frames>, frame: Frame<T>) -> Result<(), PutError<T>> {
        if !self.ring.has_room(&items, &frame) {
            return Err(PutError::Full(frame.item));
        }
        self.ring.push(&mut items, &frame);
        drop(items);
        self.not_empty.notify(1);
        Ok(())
    }

    /// Puts an item on the queue if there is room. Python's queue lacks this method.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::queue::PutError;
    /// use chapters::processes::{SimpleQueue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(SimpleQueue::<u64>::words(64))?);
    /// let queue = SimpleQueue::with_room(&memory, 64)?;
    /// while queue.try_put(7).is_ok() {}
    /// assert_eq!(queue.try_put(8), Err(PutError::Full(8)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the queue is full, or the item can't be sent, as in [`put`](SimpleQueue::put). The error contains the item.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        let frame = self.ring.frame(item)?;
        self.add(self.items.acquire(), frame)
    }

    /// Puts an item on the queue, blocking for at most `timeout` until there is room. A zero timeout tries once.
    /// Python's queue lacks this method.
    ///
    /// # Errors
    ///
    /// If the queue is still full after `timeout`, or the item can't be sent, as in [`put`](SimpleQueue::put). The
    /// error contains the item.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let frame = self.ring.frame(item)?;
        let has_room = |items: &Frames| self.ring.has_room(items, &frame);
        let items = self.not_full.wait_for_timeout(self.items.acquire(), timeout, has_room).0;
        self.add(items, frame)
    }

    /// Removes and returns the first item, blocking until there is one. [`SimpleQueue`] has an example.
    ///
    /// # Errors
    ///
    /// If the first entry can't be deserialized as a `T`. The entry is removed. If its length is invalid as well, all
    /// entries are removed, because the start of the next one is unknown.
    pub fn get(&self) -> Result<T, GetError> {
        self.take(self.not_empty.wait_for(self.items.acquire(), |items| items.count > 0))
    }

    fn take(&self, mut items: LockGuard<'_, Frames>) -> Result<T, GetError> {
        if items.count == 0 {
            return Err(GetError::Empty);
        }
        let bytes = self.ring.pop(&mut items);
        if bytes.is_none() {
            *items = Frames::default();
        }
        drop(items);
        self.not_full.notify_all(); // processes may be waiting for different numbers of bytes
        ring::item(&bytes.ok_or(GetError::Corrupt)?)
    }

    /// Removes and returns the first item if there is one. Python's queue lacks this method.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::queue::GetError;
    /// use chapters::processes::{SimpleQueue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(SimpleQueue::<u32>::WORDS)?);
    /// let queue = SimpleQueue::new(&memory)?;
    /// assert_eq!(queue.try_get(), Err(GetError::Empty));
    /// queue.put(7).unwrap();
    /// assert_eq!(queue.try_get(), Ok(7));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the queue is empty, or the first entry isn't an item.
    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(self.items.acquire())
    }

    /// Removes and returns the first item, blocking for at most `timeout` until there is one. A zero timeout tries
    /// once. Python's queue lacks this method.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::processes::queue::GetError;
    /// use chapters::processes::{SimpleQueue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(SimpleQueue::<u32>::WORDS)?);
    /// let queue: SimpleQueue<u32> = SimpleQueue::new(&memory)?;
    /// assert_eq!(queue.get_timeout(Duration::from_millis(1)), Err(GetError::Empty));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the queue is still empty after `timeout`, or the first entry isn't an item.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        self.take(self.not_empty.wait_for_timeout(self.items.acquire(), timeout, |items| items.count > 0).0)
    }

    /// Returns the number of items. The answer may be out of date when it is returned. Python's queue lacks this
    /// method.
    pub fn len(&self) -> usize {
        self.items.acquire().count as usize
    }

    /// Returns whether the queue is empty. This is Python's `empty()`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{SimpleQueue, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let memory = Arc::new(Shared::new(SimpleQueue::<String>::WORDS)?);
    /// let queue = SimpleQueue::new(&memory)?;
    /// assert!(queue.is_empty());
    /// queue.put("an item".to_owned()).unwrap();
    /// assert_eq!(queue.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for SimpleQueue<T> {
    fn clone(&self) -> Self {
        Self {
            items: self.items.clone(),
            not_empty: self.not_empty.clone(),
            not_full: self.not_full.clone(),
            ring: self.ring.clone(),
            ..*self
        }
    }
}

#[cfg(test)]
#[path = "tests/simple_queue.rs"]
mod tests;
