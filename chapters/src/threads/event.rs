//! A flag that threads can wait for: Python's `threading.Event`.
//!
//! It differs from a [`Condition`] in that it remembers: who comes after it was set does not wait. It differs from a
//! channel in that everybody is told, and nothing is passed on.
//!
//! The standard library has none. A working engineer reaches for [`std::sync::OnceLock::wait`] if the event happens once
//! and brings a value, for a channel that is closed, or for a `Mutex<bool>` and a `Condvar`, which is what this is.

use std::time::Duration;

use super::{Condition, Lock};

/// A flag, not set at first.
///
/// ```
/// use chapters::threads::Event;
///
/// let ready = Event::new();
/// std::thread::scope(|scope| {
///     for _ in 0..3 {
///         scope.spawn(|| ready.wait());
///     }
///     ready.set();
/// });
/// assert!(ready.is_set());
/// ready.clear();
/// assert!(!ready.is_set());
/// ```
#[derive(Debug, Default)]
// ANCHOR: struct
pub struct Event {
    pub(super) flag: Lock<bool>,
    pub(super) happened: Condition,
}
// ANCHOR_END: struct

impl Event {
    /// Makes an event that has not happened.
    pub fn new() -> Self {
        Self::default()
    }

    // ANCHOR: event
    /// Sets the flag, and wakes everybody who waits. See the example of [`Event`].
    pub fn set(&self) {
        let mut flag = self.flag.acquire();
        *flag = true;
        self.happened.notify_all(); // before anybody can clear the flag, and then wait
    }

    /// Clears the flag, so that whoever comes now waits. Whoever was woken by [`set`](Event::set) before stays awake.
    pub fn clear(&self) {
        *self.flag.acquire() = false;
    }

    /// Whether the flag is set. See the example of [`Event`].
    pub fn is_set(&self) -> bool {
        *self.flag.acquire()
    }

    /// Blocks until the flag is set, however shortly.
    pub fn wait(&self) {
        let flag = self.flag.acquire();
        if !*flag {
            drop(self.happened.wait(flag));
        }
    }
    // ANCHOR_END: event

    /// Blocks until the flag is set or `timeout` has passed, and returns whether it was set.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::threads::Event;
    ///
    /// let event = Event::new();
    /// assert!(!event.wait_timeout(Duration::from_millis(1)));
    /// event.set();
    /// assert!(event.wait_timeout(Duration::ZERO));
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let flag = self.flag.acquire();
        *flag || self.happened.wait_timeout(flag, timeout).1
    }
}
