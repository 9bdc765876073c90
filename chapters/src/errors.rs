//! What a primitive or a queue answers when it does not do what it was asked.
//!
//! Python raises an exception for each: `queue.Full`, `queue.Empty`, `queue.ShutDown`, `threading.BrokenBarrierError`,
//! and `ValueError` where something was given back too often. What was to be put on a queue comes back with the error,
//! so that nothing is lost with it.

use std::error::Error;
use std::fmt;

/// Why an item was not put on a queue: here it is again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutError<T> {
    /// The queue is full, and stayed full for as long as the caller was willing to wait: Python's `queue.Full`.
    Full(T),
    /// The queue was shut down: Python's `queue.ShutDown`.
    ShutDown(T),
}

impl<T> PutError<T> {
    /// The item.
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

/// Why no item was taken from a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    /// The queue is empty, and stayed empty for as long as the caller was willing to wait: Python's `queue.Empty`.
    Empty,
    /// The queue is empty and was shut down, so that it stays empty: Python's `queue.ShutDown`.
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

/// Something was to be given back that had not been taken: Python's `ValueError` of `BoundedSemaphore.release` and of
/// `Queue.task_done`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("more was given back than had been taken")
    }
}

impl Error for TooMany {}

/// The barrier is broken, so that waiting for the other parties makes no sense: Python's `BrokenBarrierError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the barrier is broken")
    }
}

impl Error for Broken {}
