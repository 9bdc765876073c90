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
//! The price is the room, which is not more than what was asked for at first. A [`SimpleQueue`](super::SimpleQueue), which
//! is a pipe, needs no such memory.
//!
//! A working engineer reaches for a pipe, for a Unix socket, which says when the other side is gone, for [ipc-channel],
//! which looks like the standard library's channel; and for a message broker where items must outlive all processes, or
//! cross the network.
//!
//! [ipc-channel]: https://docs.rs/ipc-channel

use std::error::Error;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytemuck::{Pod, Zeroable};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ring::Ring;
use super::shared::{LINE, Place, Shared};
use super::tally::{Change, Tallies};
use super::{Condition, Lock, LockGuard};
use crate::errors::TooMany;

/// Which word says how many items there may be.
const MAXSIZE: usize = 0;
/// Which word says how many words the ring has.
const ROOM: usize = 1;
/// Where everything else begins.
const REST: usize = LINE;

/// How much room [`Queue::new`] asks for, in bytes: as much as a pipe has.
const DEFAULT_ROOM: usize = 1 << 16;

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
    /// Where in the ring the first item is.
    head: u64,
    /// How many words of it the items take.
    used: u64,
    items: u64,
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
        let ring = if bytes == 0 { LINE } else { bytes.div_ceil(size_of::<u64>()).next_multiple_of(LINE) };
        Self::BEFORE_RING + ring
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
        let words = Self::words(bytes);
        let place = memory.place(words)?;
        let parameters = memory.at(place, REST)?;
        parameters[MAXSIZE].store(maxsize as u64, Ordering::Relaxed);
        parameters[ROOM].store((words - Self::BEFORE_RING) as u64, Ordering::Relaxed);
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
            ring: Ring::new(ring),
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
        let frame = self.frame(item)?;
        let content = self.not_full.wait_for(self.content.acquire(), |content| self.may_put(content, &frame));
        self.add(content, frame)
    }

    fn add(&self, mut content: LockGuard<'_, Content>, frame: Frame<T>) -> Result<(), PutError<T>> {
        if content.shut_down != 0 {
            return Err(PutError::ShutDown(frame.item));
        }
        if !self.has_room(&content, frame.words) {
            return Err(PutError::Full(frame.item));
        }
        content.add_last(frame.words);
        self.ring.write(content.head, content.used - frame.words, &frame.bytes);
        drop(content);
        self.not_empty.notify(1);
        Ok(())
    }
    // ANCHOR_END: put

    fn may_put(&self, content: &Content, frame: &Frame<T>) -> bool {
        content.shut_down != 0 || self.has_room(content, frame.words)
    }

    fn has_room(&self, content: &Content, words: u64) -> bool {
        let fits = content.used.saturating_add(words) <= self.ring.room();
        content.items == 0 || fits && (self.maxsize == 0 || content.items < self.maxsize as u64)
    }

    fn frame(&self, item: T) -> Result<Frame<T>, PutError<T>> {
        match postcard::to_stdvec(&item) {
            Ok(bytes) if Ring::frame(bytes.len()) <= self.ring.room() => {
                Ok(Frame { item, words: Ring::frame(bytes.len()), bytes })
            }
            Ok(bytes) => {
                let room = (self.ring.room() - 1) * size_of::<u64>() as u64;
                Err(PutError::Unsendable(
                    item,
                    format!("it takes {} bytes where there is room for {room}", bytes.len()),
                ))
            }
            Err(error) => Err(PutError::Unsendable(item, error.to_string())),
        }
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
        let frame = self.frame(item)?;
        self.add(self.content.acquire(), frame)
    }

    /// Blocks until there is room or `timeout` has passed, and puts an item: Python's `put(timeout=...)`. A zero timeout is
    /// one try; a negative one, Python's `ValueError`, is impossible by type.
    ///
    /// # Errors
    ///
    /// When the queue stayed full or was shut down, or the item cannot be sent. It comes back.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let frame = self.frame(item)?;
        let may_put = |content: &mut Content| self.may_put(content, &frame);
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
        if content.items == 0 {
            return Err(if content.shut_down != 0 { GetError::ShutDown } else { GetError::Empty });
        }
        let Some(bytes) = self.ring.read(content.head, content.used) else {
            content.lost = content.lost.saturating_add(content.items);
            self.clear(content);
            return Err(GetError::Garbled);
        };
        let was_full = content.items == self.maxsize as u64;
        content.remove_first(Ring::frame(bytes.len()), self.ring.room());
        self.tallies.add(&mut content.tallied);
        drop(content);
        // Those who wait for bytes wait for different numbers of them.
        self.not_full.notify(if was_full { 1 } else { usize::MAX });
        self.item(&bytes)
    }
    // ANCHOR_END: get

    fn may_get(content: &Content) -> bool {
        content.shut_down != 0 || content.items > 0
    }

    fn item(&self, bytes: &[u8]) -> Result<T, GetError> {
        match postcard::take_from_bytes(bytes) {
            Ok((item, [])) => Ok(item),
            _ => {
                let _ = self.finish(1);
                Err(GetError::Garbled)
            }
        }
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
        let may_get = |content: &mut Content| Self::may_get(content);
        self.take(self.not_empty.wait_for_timeout(self.content.acquire(), timeout, may_get).0)
    }

    /// How many items there are: Python's `qsize()`, which fails on macOS. By the time you look at the answer, others may
    /// have changed it.
    pub fn len(&self) -> usize {
        self.content.acquire().items as usize
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
        !self.has_room(&self.content.acquire(), Ring::frame(0))
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
        let all_done = |content: &mut Content| content.unfinished == 0;
        while !self.all_done.wait_for_timeout(self.content.acquire(), LOOK, all_done).1 {
            self.bury();
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
        self.bury();
        self.content.acquire().lost as usize
    }

    /// Counts as lost what the dead had in hand. One after the other: each change is committed for itself.
    fn bury(&self) {
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
        content.unfinished = content.unfinished.saturating_sub(content.items);
        (content.head, content.used, content.items) = (0, 0, 0);
        drop(content);
        self.not_full.notify_all();
        self.all_done.notify_all();
    }
}

/// No sum is trusted, since processes that write nonsense into the memory are to cause errors and no panics.
impl Content {
    fn add_last(&mut self, words: u64) {
        if self.items == 0 {
            (self.head, self.used) = (0, 0);
        }
        self.used += words;
        self.items = self.items.saturating_add(1);
        self.unfinished = self.unfinished.saturating_add(1);
    }

    fn remove_first(&mut self, words: u64, room: u64) {
        self.head = (self.head + words) % room;
        self.used -= words;
        self.items -= 1;
    }
}

/// What is put on a queue: an item, as itself and as bytes.
struct Frame<T> {
    item: T,
    bytes: Vec<u8>,
    words: u64,
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

/// Why an item was not put on a queue: here it is again. As [`errors::PutError`](crate::errors::PutError), with one more
/// reason.
#[derive(Clone, PartialEq, Eq)]
pub enum PutError<T> {
    /// The queue is full, and stayed full for as long as the caller was willing to wait: Python's `queue.Full`.
    Full(T),
    /// The queue was shut down: Python's `queue.ShutDown`.
    ShutDown(T),
    /// The item cannot be turned into bytes, or into too many: the reason. In Python, `multiprocessing.Queue` prints it,
    /// and `SimpleQueue` raises what `pickle` raises.
    Unsendable(T, String),
}

impl<T> PutError<T> {
    /// The item.
    ///
    /// ```
    /// use chapters::processes::queue::PutError;
    ///
    /// assert_eq!(PutError::Full("an item").into_item(), "an item");
    /// ```
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::ShutDown(item) | Self::Unsendable(item, _) => item,
        }
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("Full(..)"),
            Self::ShutDown(_) => f.write_str("ShutDown(..)"),
            Self::Unsendable(_, reason) => write!(f, "Unsendable(.., {reason:?})"),
        }
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("the queue is full"),
            Self::ShutDown(_) => f.write_str("the queue was shut down"),
            Self::Unsendable(_, reason) => write!(f, "the item cannot be sent: {reason}"),
        }
    }
}

impl<T> Error for PutError<T> {}

/// Why no item was taken from a queue. As [`errors::GetError`](crate::errors::GetError), with one more reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    /// The queue is empty, and stayed empty for as long as the caller was willing to wait: Python's `queue.Empty`.
    Empty,
    /// The queue is empty and was shut down, so that it stays empty: Python's `queue.ShutDown`.
    ShutDown,
    /// What was in the queue is no item. Somebody wrote it who knows another type, or who wrote where nobody should.
    Garbled,
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty",
            Self::ShutDown => "the queue is empty and was shut down",
            Self::Garbled => "what was in the queue is no item",
        })
    }
}

impl Error for GetError {}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);
    const SHORT: Duration = Duration::from_millis(1);

    fn queue<T: Serialize + DeserializeOwned>(maxsize: usize, bytes: usize) -> Queue<T> {
        let memory = Arc::new(Shared::new(Queue::<T>::words(bytes)).unwrap());
        Queue::with_room(&memory, maxsize, bytes).unwrap()
    }

    fn until(done: impl Fn() -> bool) {
        while !done() {
            thread::yield_now();
        }
    }

    #[test]
    fn every_item_comes_out_once_and_in_order_of_each_putter() {
        const ITEMS: u64 = 5000;
        for (maxsize, bytes) in [(0, DEFAULT_ROOM), (0, 64), (1, 64), (3, DEFAULT_ROOM)] {
            let queue: Queue<(u64, u64)> = queue(maxsize, bytes);
            let taken: Vec<Vec<(u64, u64)>> = thread::scope(|scope| {
                let getter = || {
                    let mut mine = Vec::new();
                    while let Ok(item) = queue.get_timeout(LONG) {
                        mine.push(item);
                        queue.task_done().unwrap();
                    }
                    mine
                };
                let getters: Vec<_> = (0..2).map(|_| scope.spawn(getter)).collect();
                let putters = [0, 1].map(|putter| {
                    let queue = &queue;
                    scope.spawn(move || (0..ITEMS).for_each(|n| queue.put_timeout((putter, n), LONG).unwrap()))
                });
                putters.into_iter().for_each(|putter| putter.join().unwrap());
                queue.join();
                assert!(queue.is_empty());
                queue.shutdown(false);
                getters.into_iter().map(|getter| getter.join().unwrap()).collect()
            });
            for putter in [0, 1] {
                let of_putter =
                    |mine: &Vec<_>| mine.iter().copied().filter(|item: &(u64, _)| item.0 == putter).collect();
                let parts: Vec<Vec<(u64, u64)>> = taken.iter().map(of_putter).collect();
                assert!(parts.iter().all(|part| part.is_sorted()));
                let mut all = parts.concat();
                all.sort();
                assert_eq!(all, (0..ITEMS).map(|n| (putter, n)).collect::<Vec<_>>());
            }
            assert_eq!(queue.lost(), 0);
        }
    }

    #[test]
    fn items_of_all_lengths_go_around_the_ring() {
        let queue: Queue<Vec<u8>> = queue(0, 256);
        let item = |n: usize| vec![n as u8; n % 240];
        thread::scope(|scope| {
            scope.spawn(|| (0..5000).for_each(|n| queue.put_timeout(item(n), LONG).unwrap()));
            (0..5000).for_each(|n| assert_eq!(queue.get_timeout(LONG), Ok(item(n))));
        });
    }

    #[test]
    fn room_is_tested_before_time() {
        let queue = queue(1, 64);
        assert_eq!(queue.put_timeout(1, Duration::ZERO), Ok(()));
        assert_eq!(queue.put_timeout(2, Duration::ZERO), Err(PutError::Full(2)));
        assert_eq!(queue.put_timeout(2, SHORT), Err(PutError::Full(2)));
        assert_eq!(queue.get_timeout(Duration::ZERO), Ok(1));
        assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetError::Empty));
        assert_eq!(queue.get_timeout(SHORT), Err(GetError::Empty));
    }

    #[test]
    fn an_item_that_cannot_be_sent_comes_back() {
        let queue = queue(0, 64);
        // Its length takes one byte.
        let longest = "x".repeat(55);
        assert_eq!(queue.put(longest.clone()), Ok(()));
        assert_eq!(queue.try_put(String::new()), Err(PutError::Full(String::new())));
        assert_eq!(queue.get(), Ok(longest));
        let longer = "x".repeat(56);
        let error = queue.put(longer.clone()).unwrap_err();
        assert_eq!(error.to_string(), "the item cannot be sent: it takes 57 bytes where there is room for 56");
        assert_eq!(error.into_item(), longer);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_shutdown_ends_every_wait() {
        for immediate in [false, true] {
            let (full, empty): (Queue<u32>, Queue<u32>) = (queue(1, 64), queue(0, 64));
            full.put(1).unwrap();
            thread::scope(|scope| {
                let putter = scope.spawn(|| full.put_timeout(2, LONG));
                let getter = scope.spawn(|| empty.get_timeout(LONG));
                until(|| full.not_full.waiting() == 1 && empty.not_empty.waiting() == 1);
                full.shutdown(immediate);
                empty.shutdown(immediate);
                assert_eq!(putter.join().unwrap(), Err(PutError::ShutDown(2)));
                assert_eq!(getter.join().unwrap(), Err(GetError::ShutDown));
            });
            assert_eq!(full.try_get(), if immediate { Err(GetError::ShutDown) } else { Ok(1) });
            assert_eq!(full.get(), Err(GetError::ShutDown));
        }
    }

    #[test]
    fn join_waits_for_what_was_taken_and_an_immediate_shutdown_does_the_rest() {
        let queue = queue(0, 64);
        queue.join();
        (0..3).for_each(|item| queue.put(item).unwrap());
        queue.get().unwrap();
        thread::scope(|scope| {
            let joiner = scope.spawn(|| queue.join());
            queue.shutdown(true);
            until(|| queue.all_done.waiting() == 1);
            assert!(!joiner.is_finished());
            queue.task_done().unwrap();
            joiner.join().unwrap();
        });
        assert_eq!(queue.task_done(), Err(TooMany));
        assert_eq!(queue.lost(), 0);
    }

    #[test]
    fn what_is_no_item_is_an_error_once_and_counts_as_lost() {
        let numbers = queue::<u64>(0, 256);
        let texts = Queue::<String>::at(numbers.ring.memory(), numbers.place()).unwrap();
        (0..3).for_each(|_| numbers.put(u64::MAX).unwrap());
        assert_eq!(texts.get(), Err(GetError::Garbled));
        assert_eq!((texts.len(), texts.lost()), (2, 1));
        // From here on it cannot be told where an item ends.
        numbers.ring.write(numbers.content.acquire().head, 0, &[0; 200]);
        assert_eq!(numbers.get(), Err(GetError::Garbled));
        assert_eq!((numbers.len(), numbers.lost()), (0, 3));
        numbers.join();
        numbers.put(7).unwrap();
        assert_eq!(numbers.get(), Ok(7));
    }
}
