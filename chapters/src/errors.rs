//! The errors of the primitives and queues.
//!
//! Python raises an exception for each: `queue.Full`, `queue.Empty`, `queue.ShutDown`, `threading.BrokenBarrierError`,
//! and `ValueError` if too much is released. [`PutError`] returns the item that the queue didn't accept.

use std::error::Error;
use std::fmt;

/// The reason why an item wasn't put on a queue, with the item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutError<T> {
    /// The queue is full, and was still full when the timeout expired: Python's `queue.Full`.
    Full(T),
    /// The queue was shut down: Python's `queue.ShutDown`.
    ShutDown(T),
}

impl<T> PutError<T> {
    /// Returns the item.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::errors::PutError;
    ///
    /// assert_eq!(PutError::Full("an item").into_item(), "an item");
    /// ```
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::ShutDown(item) => item,
        }
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::ShutDown(_) => "ShutDown(..)",
        })
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue is full",
            Self::ShutDown(_) => "the queue was shut down",
        })
    }
}

impl<T> Error for PutError<T> {}

/// The reason why no item was taken from a queue.
///
/// # Examples
///
/// ```
/// use chapters::errors::GetError;
/// use chapters::threads::Queue;
///
/// let queue: Queue<u32> = Queue::new(0);
/// assert_eq!(queue.try_get(), Err(GetError::Empty));
/// queue.shutdown(false);
/// assert_eq!(queue.try_get(), Err(GetError::ShutDown));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    /// The queue is empty, and was still empty when the timeout expired: Python's `queue.Empty`.
    Empty,
    /// The queue is empty and was shut down, so it stays empty: Python's `queue.ShutDown`.
    ShutDown,
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty",
            Self::ShutDown => "the queue is empty and was shut down",
        })
    }
}

impl Error for GetError {}

/// More was released than acquired: Python's `ValueError` of `BoundedSemaphore.release` and `Queue.task_done`.
///
/// # Examples
///
/// ```
/// use chapters::errors::TooMany;
/// use chapters::threads::BoundedSemaphore;
///
/// assert_eq!(BoundedSemaphore::new(2).release(1), Err(TooMany));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("more was released than acquired")
    }
}

impl Error for TooMany {}

/// The barrier is broken or was reset, so the other parties may not arrive: Python's `BrokenBarrierError`.
///
/// # Examples
///
/// ```
/// use chapters::errors::Broken;
/// use chapters::threads::Barrier;
///
/// let barrier = Barrier::new(2);
/// barrier.abort();
/// assert_eq!(barrier.wait(), Err(Broken));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the barrier is broken")
    }
}

impl Error for Broken {}
