//! A flag that processes can wait for: the counterpart of Python's `multiprocessing.Event`.
//!
//! # Differences from other types
//!
//! - A [`Condition`] doesn't remember notifications. An event does: once it's set, waiting for it returns immediately.
//! - The thread that sets a [`threads::Event`](crate::threads::Event) can't be killed before it has woken the waiting
//!   threads. A process can, so waiting processes also check the flag without a notification.
//! - If Python's event is cleared directly after it was set, `wait` may return false in the processes that were
//!   waiting. This event counts how many times it was set and cleared, so `wait_timeout` returns true, like
//!   `threading.Event`. A process that is killed inside a method of Python's event leaves it locked.
//!
//! A working engineer uses an `eventfd`, or a pipe whose end is closed, both of which also work with `poll`. If the
//! event is the end of a process, use a `pidfd`.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::os::shared::{Place, Shared};
use super::{Condition, Lock};
use crate::sync::deadline_after;

/// A flag that is either set or not, and not set at first. Its clones are the same event.
///
/// ```
/// use std::sync::Arc;
/// use chapters::processes::{Event, shared::Shared};
///
/// # fn main() -> std::io::Result<()> {
/// let ready = Event::new(&Arc::new(Shared::new(64)?))?;
/// std::thread::scope(|scope| {
///     for _ in 0..3 {
///         scope.spawn(|| ready.wait());
///     }
///     ready.set();
/// });
/// assert!(ready.is_set());
/// ready.clear();
/// assert!(!ready.is_set());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Event {
    /// The number of changes of the flag. It is set if the number is odd.
    changes: Lock<u64>,
    happened: Condition,
}

fn is_set(changes: u64) -> bool {
    !changes.is_multiple_of(2)
}

impl Event {
    /// The number of words of shared memory that an event needs.
    pub const WORDS: usize = Lock::<u64>::WORDS + Condition::WORDS;

    /// Creates an event that isn't set.
    ///
    /// # Errors
    ///
    /// If fewer than [`Event::WORDS`] words of `memory` are left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::at(memory, memory.place(Self::WORDS)?)
    }

    /// Opens the event that another process created at `place`. [`Lock::at`] has an example.
    ///
    /// # Errors
    ///
    /// If the words at `place` weren't allocated.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        let happened = Condition::at(memory, place.after(Lock::<u64>::WORDS))?;
        Ok(Self { changes: Lock::at(memory, place)?, happened })
    }

    /// Returns where the event is in the memory, to be sent to other processes. [`Lock::at`] has an example.
    pub fn place(&self) -> Place {
        self.changes.place()
    }

    // ANCHOR: event
    /// Sets the flag, and wakes all processes that are waiting for it. [`Event`] has an example.
    pub fn set(&self) {
        self.make(true);
        self.happened.notify_all();
    }

    /// Clears the flag. Processes that were waiting during an earlier [`set`](Event::set) still return.
    pub fn clear(&self) {
        self.make(false);
    }

    fn make(&self, set: bool) {
        let mut changes = self.changes.acquire();
        if is_set(*changes) != set {
            *changes = changes.wrapping_add(1);
        }
    }

    /// Returns whether the flag is set. [`Event`] has an example.
    pub fn is_set(&self) -> bool {
        is_set(*self.changes.acquire())
    }

    /// Blocks until the flag is set, even if it is cleared directly afterwards.
    pub fn wait(&self) {
        self.wait_until(None);
    }

    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let changes = self.changes.acquire();
        let before = *changes;
        let happened = |changes: &u64| is_set(*changes) || *changes != before;
        self.happened.wait_for_until(changes, deadline, happened).1
    }
    // ANCHOR_END: event

    /// Blocks until the flag is set, for at most `timeout`. Returns whether it was set.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::processes::{Event, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let event = Event::new(&Arc::new(Shared::new(64)?))?;
    /// assert!(!event.wait_timeout(Duration::from_millis(1)));
    /// event.set();
    /// assert!(event.wait_timeout(Duration::ZERO));
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_until(deadline_after(timeout))
    }
}

#[cfg(test)]
#[path = "tests/event.rs"]
mod tests;
