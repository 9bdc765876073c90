//! Why a queue between processes refused an item, or had none.
//!
//! As [`crate::errors`], each with one more reason: an item crosses between processes as bytes. The errors stand below the
//! [`ring`](super::ring), which turns items into bytes and back, and below both queues.

use std::error::Error;
use std::fmt;

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
