//! A flag that threads can wait for: the counterpart of Python's `threading.Event`.
//!
//! # Differences from other types
//!
//! A [`Condition`] doesn't remember notifications. An event does: once it's set, waiting for it returns immediately. A
//! channel delivers each value to one receiver, while an event wakes all threads that are waiting for it, without a
//! value.
//!
//! The standard library doesn't have events. Use [`std::sync::OnceLock::wait`] if the event happens once and brings a
//! value, a channel that is closed, or a `Mutex<bool>` and a `Condvar`, which is how this type is built.

use std::time::Duration;

use super::{Condition, Lock};

/// A flag that is either set or not, and not set at first.
///
/// # Examples
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
    /// Creates an event that isn't set.
    pub fn new() -> Self {
        Self::default()
    }

    // ANCHOR: event
    /// Sets the flag, and wakes all threads that are waiting for it. [`Event`] has an example.
    pub fn set(&self) {
        let mut flag = self.flag.acquire();
        *flag = true;
        self.happened.notify_all(); // with the lock held, so that no thread clears the flag and waits before this
    }

    /// Clears the flag. Threads that an earlier [`set`](Event::set) has woken still return.
    pub fn clear(&self) {
        *self.flag.acquire() = false;
    }

    /// Returns whether the flag is set.
    pub fn is_set(&self) -> bool {
        *self.flag.acquire()
    }

    /// Blocks until the flag is set, even if it is cleared right afterward.
    pub fn wait(&self) {
        let flag = self.flag.acquire();
        if !*flag {
            drop(self.happened.wait(flag));
        }
    }
    // ANCHOR_END: event

    /// Blocks until the flag is set, for at most `timeout`, and returns whether it was set.
    ///
    /// A zero timeout returns the state of the flag. This is Python's `wait(timeout=...)`.
    ///
    /// # Examples
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
