//! The errors of the queues between processes.
//!
//! They are those of [`crate::errors`], with one more case each, because items cross between processes as bytes. This
//! module is separate so that the [`ring`](super::ring), which serializes items, can use it as well as both queues.

use std::error::Error;
use std::fmt;

/// The reason why an item wasn't put on a queue, with the item. Like [`errors::PutError`](crate::errors::PutError),
/// with one more case.
#[derive(Clone, PartialEq, Eq)]
pub enum PutError<T> {
    /// The queue is full, and stayed full during the caller's timeout: Python's `queue.Full`.
    Full(T),
    /// The queue was shut down: Python's `queue.ShutDown`.
    ShutDown(T),
    /// The item can't be serialized, or is larger than the queue's memory. The string is the reason. In Python,
    /// `multiprocessing.Queue` prints it, and `SimpleQueue` raises the exception from `pickle`.
    Unsendable(T, String),
}

impl<T> PutError<T> {
    /// Returns the item.
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

/// The reason why `get` didn't return an item. Like [`errors::GetError`](crate::errors::GetError), with one more case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    /// The queue is empty, and stayed empty during the caller's timeout: Python's `queue.Empty`.
    Empty,
    /// The queue is empty and was shut down, so that it stays empty: Python's `queue.ShutDown`.
    ShutDown,
    /// The first entry of the queue isn't a valid item. A process that uses another type wrote it, or a process wrote
    /// to memory that it shouldn't write to.
    Corrupt,
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty",
            Self::ShutDown => "the queue is empty and was shut down",
            Self::Corrupt => "what was in the queue is not an item",
        })
    }
}

impl Error for GetError {}
