//! A flag that processes can wait for: Python's `multiprocessing.Event`.
//!
//! It differs from a [`Condition`] in that it remembers: who comes after it was set does not wait. It differs from
//! [`threads::Event`](crate::threads::Event) in where it lives, and in what it must survive: whoever sets it may be killed
//! before it has told those who wait. They look from time to time, and find it set.
//!
//! Python's event, if it is cleared as soon as it was set, may let those who waited return false; this one counts how often
//! it was set and cleared, and so they return true, as those of `threading.Event` do. A process that is killed inside of
//! Python's event leaves it locked.
//!
//! A working engineer reaches for an `eventfd`, or for a pipe whose end is closed, which also wakes a `poll`; and if the
//! event is the end of a process, for a `pidfd`.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::os::shared::{Place, Shared};
use super::{Condition, Lock};
use crate::sync::deadline_after;

/// A flag, not set at first. Its clones are the same event.
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
    /// How often the flag was changed: if the number is odd, it is set.
    changes: Lock<u64>,
    happened: Condition,
}

fn is_set(changes: u64) -> bool {
    !changes.is_multiple_of(2)
}

impl Event {
    /// How many words of shared memory an event takes.
    pub const WORDS: usize = Lock::<u64>::WORDS + Condition::WORDS;

    /// Makes an event that has not happened.
    ///
    /// # Errors
    ///
    /// When `memory` has not [`Event::WORDS`] left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::at(memory, memory.place(Self::WORDS)?)
    }

    /// The event that another process made at `place`. As [`Lock::at`].
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        let happened = Condition::at(memory, place.after(Lock::<u64>::WORDS))?;
        Ok(Self { changes: Lock::at(memory, place)?, happened })
    }

    /// Where it lies, to be sent to other processes. As [`Lock::place`].
    pub fn place(&self) -> Place {
        self.changes.place()
    }

    // ANCHOR: event
    /// Sets the flag, and wakes everybody who waits. See the example of [`Event`].
    pub fn set(&self) {
        self.make(true);
        self.happened.notify_all();
    }

    /// Clears the flag, so that whoever comes now waits. Whoever waited when it was [`set`](Event::set) returns all the
    /// same.
    pub fn clear(&self) {
        self.make(false);
    }

    fn make(&self, set: bool) {
        let mut changes = self.changes.acquire();
        if is_set(*changes) != set {
            *changes += 1;
        }
    }

    /// Whether the flag is set. See the example of [`Event`].
    pub fn is_set(&self) -> bool {
        is_set(*self.changes.acquire())
    }

    /// Blocks until the flag is set, however shortly.
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

    /// Blocks until the flag is set or `timeout` has passed, and returns whether it was set.
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
