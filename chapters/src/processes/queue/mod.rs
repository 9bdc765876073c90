//! A queue between processes: Python's `multiprocessing.Queue` and `JoinableQueue`.
//!
//! It differs from [`threads::Queue`](crate::threads::Queue) in where its items are: in [`shared`](super::shared) memory,
//! as bytes. So an item must be one that serde can turn into bytes and back, and the room for them is given when the queue
//! is made. And it differs in what may happen to those who use it: they can be killed. What a process changes in the queue
//! it changes when it gives the lock back, so an item is put or not, and taken or not; none is torn, and none comes twice.
//! A process that dies with items in hand cannot say `task_done`. Its tasks are counted as [lost](Queue::lost), and
//! [`join`](Queue::join) returns.
//!
//! In Python, `put` only hands the item to a thread, the *feeder*, which serializes it and writes it into a pipe. What
//! cannot be serialized fails there, long after `put` has returned, with a traceback that nobody waits for. A program that
//! ends waits for its feeder, for ever if nobody takes the items out. One that is killed with the pipe's lock in its hands
//! leaves it locked. And `empty()` may be true just after a `put`. Here there is no feeder: `put` itself says what it cannot
//! send, and waits when there is no room; nothing hangs at the exit; and [`len`](Queue::len) is exact.
//!
//! The price is the room, which is not more than what was asked for at first. A [`SimpleQueue`](super::SimpleQueue) pays
//! it, too, and does not know the rest: no tasks, no end.
//!
//! A working engineer reaches for a pipe, for a Unix socket, which says when the other side is gone, for [ipc-channel],
//! which looks like the standard library's channel; and for a message broker where items must outlive all processes, or
//! cross the network.
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

/// Which word says how many items there may be.
const MAXSIZE: usize = 0;
/// Which word says how many words the ring has.
const ROOM: usize = 1;
/// Where everything else begins.
const REST: usize = LINE;

/// How much room a queue has unless one says how much, in bytes: as much as a pipe.
pub(super) const DEFAULT_ROOM: usize = 1 << 16;

/// How long one that joins waits before it looks who has died.
const LOOK: Duration = Duration::from_millis(50);

/// A queue that gives back what was put first. Its clones are the same queue.
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
    /// How many items were put for which nobody has said `task_done`.
    unfinished: u64,
    lost: u64,
    shut_down: u64,
    tallied: Change,
}
// ANCHOR_END: queue

impl<T> Queue<T> {
    /// How many words of shared memory a queue takes that [`Queue::new`] makes.
    pub const WORDS: usize = Self::words(DEFAULT_ROOM);

    /// How many words of shared memory a queue takes with room for so many bytes.
    pub const fn words(bytes: usize) -> usize {
        Self::BEFORE_RING + Ring::words(bytes)
    }

    const BEFORE_RING: usize = REST + Lock::<Content>::WORDS + 3 * Condition::WORDS + Tallies::WORDS;
}

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// Makes a queue for `maxsize` items at most, or for any number if that is zero, as in Python; and for 64 KiB of them in
    /// any case. See the example of [`Queue`].
    ///
    /// # Errors
    ///
    /// When `memory` has not [`Queue::WORDS`] left.
    pub fn new(memory: &Arc<Shared>, maxsize: usize) -> io::Result<Self> {
        Self::with_room(memory, maxsize, DEFAULT_ROOM)
    }

    /// Makes a queue for `maxsize` items at most, or for any number if that is zero, and for so many `bytes` in any case.
    /// An item takes 8 bytes more than it is long, and a multiple of 8.
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
    /// When `memory` has not [so many words](Queue::words) left.
    pub fn with_room(memory: &Arc<Shared>, maxsize: usize, bytes: usize) -> io::Result<Self> {
        let place = memory.place(Self::words(bytes))?;
        let parameters = memory.at(place, REST)?;
        parameters[MAXSIZE].store(maxsize as u64, Ordering::Relaxed);
        parameters[ROOM].store(Ring::words(bytes) as u64, Ordering::Relaxed);
        Self::at(memory, place)
    }

    /// The queue that another process made at `place`.
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
    /// // What another process does that was sent the descriptor and the place:
    /// let elsewhere = Arc::new(Shared::map(memory.as_fd().try_clone_to_owned()?)?);
    /// assert_eq!(Queue::at(&elsewhere, queue.place())?.get(), Ok("an item".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When there is none.
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

    /// Where it lies, to be sent to other processes. See the example of [`Queue::at`].
    pub fn place(&self) -> Place {
        self.place
    }

    /// How many items there may be; zero means any number for which there is room.
    pub fn maxsize(&self) -> usize {
        self.maxsize
    }

    // ANCHOR: put
    /// Blocks until there is room, and puts an item. See the example of [`Queue`].
    ///
    /// # Errors
    ///
    /// When the queue was shut down, before or meanwhile; or when the item cannot be serialized, or is longer than all the
    /// room. The item comes back.
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

    /// Puts an item if there is room: Python's `put_nowait`.
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
    /// When the queue is full or was shut down, or the item cannot be sent. It comes back.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        let frame = self.ring.frame(item)?;
        self.add(self.content.acquire(), frame)
    }

    /// Blocks until there is room or `timeout` has passed, and puts an item: Python's `put(timeout=...)`. A zero timeout is
    /// one try; a negative one, Python's `ValueError`, is impossible by type.
    ///
    /// # Errors
    ///
    /// When the queue stayed full or was shut down, or the item cannot be sent. It comes back.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let frame = self.ring.frame(item)?;
        let may_put = |content: &Content| self.may_put(content, &frame);
        let content = self.not_full.wait_for_timeout(self.content.acquire(), timeout, may_put).0;
        self.add(content, frame)
    }

    // ANCHOR: get
    /// Blocks until there is an item, and takes it. See the example of [`Queue`].
    ///
    /// # Errors
    ///
    /// When the queue is empty and was shut down, before or meanwhile; or when what was in it is no item of this queue. What
    /// is no item is taken out and counts as lost; and if it cannot be told where it ends, so is everything behind it.
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
        // Those who wait for bytes wait for different numbers of them.
        self.not_full.notify(if was_at_limit { 1 } else { usize::MAX });
        ring::item(&bytes).inspect_err(|_| _ = self.finish(1))
    }
    // ANCHOR_END: get

    fn may_get(content: &Content) -> bool {
        content.shut_down != 0 || content.items.count > 0
    }

    /// Takes an item if there is one: Python's `get_nowait`.
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
    /// When the queue is empty; and, which is not the same, when it also was shut down, or what was in it is no item.
    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(self.content.acquire())
    }

    /// Blocks until there is an item or `timeout` has passed, and takes it: Python's `get(timeout=...)`. A zero timeout is
    /// one try.
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
    /// When the queue stayed empty; and, which is not the same, when it also was shut down, or what was in it is no item.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        let may_get = |content: &Content| Self::may_get(content);
        self.take(self.not_empty.wait_for_timeout(self.content.acquire(), timeout, may_get).0)
    }

    /// How many items there are: Python's `qsize()`, which fails on macOS. By the time you look at the answer, others may
    /// have changed it.
    pub fn len(&self) -> usize {
        self.content.acquire().items.count as usize
    }

    /// Whether there is no item: Python's `empty()`, which may be true just after a `put`. Not so here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room, not even for the shortest item: Python's `full()`.
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
    /// Says that an item that was taken has also been done. Any process may say that, as in Python. See the example of
    /// [`Queue`].
    ///
    /// # Errors
    ///
    /// When that has been said of every item that was put, or the item was lost.
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

    /// Blocks until every item that was put has also been done, or was [lost](Queue::lost). See the example of [`Queue`].
    pub fn join(&self) {
        let all_done = |content: &Content| content.unfinished == 0;
        while !self.all_done.wait_for_timeout(self.content.acquire(), LOOK, all_done).1 {
            self.reap();
        }
    }
    // ANCHOR_END: join

    /// How many items will not be done, because a process took them and died, or because they were no items. Looks for the
    /// dead. Python does not know, and waits for them in `join`.
    ///
    /// An item that was taken is in the hands of the process that took it until some process says
    /// [`task_done`](Queue::task_done). Of more than a thousand processes that have items in hand at once, those are not
    /// watched that come last.
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
    /// assert_eq!(queue.lost(), 0); // we have it in hand, and live
    /// # Ok(())
    /// # }
    /// ```
    pub fn lost(&self) -> usize {
        self.reap();
        self.content.acquire().lost as usize
    }

    /// Counts as lost what the dead had in hand. One after the other: each change is committed for itself.
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

    /// Lets nobody put any more; whoever waits for room is told. The items that are there can still be taken, unless
    /// `immediate`: then they are dropped, and count as done. Python's `queue.Queue` has it since 3.13; its
    /// `multiprocessing.Queue` has not, and `close()` there only says that this process will put no more.
    ///
    /// [`join`](Queue::join) waits for the items that were taken, in any case.
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
