//! A queue with less to it: Python's `multiprocessing.SimpleQueue`.
//!
//! It differs from a [`Queue`](super::Queue) in what it leaves out: nobody says how many items there may be, nobody waits
//! until all is done, nobody knows what the dead had in hand, and nobody shuts it down. Lay the two files side by side, and
//! you see what each of these costs. What is left is what makes a queue of shared memory: a lock, a ring of bytes, and a
//! condition for each side to wait for. A process may be killed at any moment, as with a `Queue`: an item is on the queue
//! or it is not, none is torn, and none comes twice. And it differs from the
//! [`SimpleQueue` of threads](crate::threads::SimpleQueue) in that there is so much room and no more:
//! [`put`](SimpleQueue::put) blocks while there is none.
//!
//! Python's is a pipe with a lock at each end, and its `put` blocks, too, when the pipe is full. An item is a length there
//! and then as many bytes, so it takes several reads to get one. A reader that is killed in between leaves the lock locked
//! and the pipe torn.
//!
//! A working engineer reaches for a pipe in *packet mode* (`O_DIRECT`, see pipe(7)), where the kernel keeps apart what was
//! written apart, at the price of a system call for each item; for a Unix socket, which can be asked who is at its other
//! end; for [ipc-channel], which can also send the ends of channels; or, as soon as a second machine is in sight, for a
//! message broker.
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

/// Which word says how many words the ring has.
const ROOM: usize = 0;
/// Where everything else begins.
const REST: usize = LINE;

/// A queue that gives back what was put first. Its clones are the same queue.
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
    /// How many words of shared memory a queue takes that [`SimpleQueue::new`] makes.
    pub const WORDS: usize = Self::words(DEFAULT_ROOM);

    /// How many words of shared memory a queue takes with room for so many bytes.
    pub const fn words(bytes: usize) -> usize {
        Self::BEFORE_RING + Ring::words(bytes)
    }

    const BEFORE_RING: usize = REST + Lock::<Frames>::WORDS + 2 * Condition::WORDS;
}

impl<T: Serialize + DeserializeOwned> SimpleQueue<T> {
    /// Makes an empty queue with room for 64 KiB of items. See the example of [`SimpleQueue`].
    ///
    /// # Errors
    ///
    /// When `memory` has not [`SimpleQueue::WORDS`] left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::with_room(memory, DEFAULT_ROOM)
    }

    /// Makes an empty queue with room for so many `bytes` of items. An item takes 8 bytes more than it is long, and a multiple
    /// of 8. See the example of [`Queue::with_room`](super::Queue::with_room).
    ///
    /// # Errors
    ///
    /// When `memory` has not [so many words](SimpleQueue::words) left.
    pub fn with_room(memory: &Arc<Shared>, bytes: usize) -> io::Result<Self> {
        let place = memory.place(Self::words(bytes))?;
        memory.at(place, REST)?[ROOM].store(Ring::words(bytes) as u64, Ordering::Relaxed);
        Self::at(memory, place)
    }

    /// The queue that another process made at `place`. See the example of [`Queue::at`](super::Queue::at).
    ///
    /// # Errors
    ///
    /// When there is none.
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

    /// Where it lies, to be sent to other processes. See the example of [`Queue::at`](super::Queue::at).
    pub fn place(&self) -> Place {
        self.place
    }

    /// Blocks until there is room, and puts an item. See the example of [`SimpleQueue`].
    ///
    /// # Errors
    ///
    /// When the item cannot be serialized, or is longer than all the room. The item comes back.
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

    /// Puts an item if there is room. Python's has no such method.
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
    /// When the queue is full, or the item cannot be sent as with [`put`](SimpleQueue::put). The item comes back.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        let frame = self.ring.frame(item)?;
        self.add(self.items.acquire(), frame)
    }

    /// Blocks until there is room or `timeout` has passed, and puts an item. A zero timeout is one try. Python's has no
    /// such method.
    ///
    /// # Errors
    ///
    /// When the queue stayed full, or the item cannot be sent as with [`put`](SimpleQueue::put). The item comes back.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let frame = self.ring.frame(item)?;
        let has_room = |items: &Frames| self.ring.has_room(items, &frame);
        let items = self.not_full.wait_for_timeout(self.items.acquire(), timeout, has_room).0;
        self.add(items, frame)
    }

    /// Blocks until there is an item, and takes it. See the example of [`SimpleQueue`].
    ///
    /// # Errors
    ///
    /// When what was in the queue is no item of it. It is taken out; and if it cannot be told where it ends, so is
    /// everything behind it.
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
        self.not_full.notify_all(); // those who wait for bytes wait for different numbers of them
        ring::item(&bytes.ok_or(GetError::Corrupt)?)
    }

    /// Takes an item if there is one. Python's has no such method.
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
    /// When the queue is empty, or what was in it is no item.
    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(self.items.acquire())
    }

    /// Blocks until there is an item or `timeout` has passed, and takes it. A zero timeout is one try. Python's has no such
    /// method.
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
    /// When the queue stayed empty, or what was in it is no item.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        self.take(self.not_empty.wait_for_timeout(self.items.acquire(), timeout, |items| items.count > 0).0)
    }

    /// How many items there are. By the time you look at the answer, others may have changed it. Python's has no such
    /// method.
    pub fn len(&self) -> usize {
        self.items.acquire().count as usize
    }

    /// Whether there is no item: Python's `empty()`.
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
