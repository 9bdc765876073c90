//! A flag that coroutines can wait for: the counterpart of Python's `asyncio.Event`.
//!
//! # Differences from other types
//!
//! A [`Condition`] doesn't remember notifications. An event does: once it's set, waiting for it returns immediately. A
//! channel delivers each value to one receiver, while an event wakes all coroutines that are waiting for it, without a
//! value.
//!
//! Tokio doesn't have events. Use [`tokio::sync::OnceCell`] if the event happens once and brings a value,
//! [`tokio::sync::watch`] if receivers should also see later values, and tokio-util's `CancellationToken` if the event
//! means *stop*. A [`tokio::sync::Notify`] remembers one notification, for one coroutine.
//!
//! # How it works
//!
//! A coroutine that waits must return even if the flag is cleared right after it was set. So `Flag` also counts how
//! many times it was set, and a waiting coroutine returns when the flag is set or the count has changed. A notification
//! alone proves nothing, because it may have been passed on by a coroutine that was canceled.

use std::time::Duration;

use tokio::time;

use super::Condition;
use crate::threads;

/// A flag that is either set or not, and not set at first.
///
/// # Examples
///
/// ```
/// use chapters::coroutines::Event;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let ready = Event::new();
/// tokio::join!(ready.wait(), ready.wait(), ready.wait(), async { ready.set() });
/// assert!(ready.is_set());
/// ready.clear();
/// assert!(!ready.is_set());
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Event {
    flag: threads::Lock<Flag>,
    happened: Condition,
}

#[derive(Debug, Default)]
struct Flag {
    is_set: bool,
    /// How many times the flag was set.
    times: u64,
}

impl Event {
    /// Creates an event that isn't set.
    pub fn new() -> Self {
        Self::default()
    }

    // ANCHOR: event
    /// Sets the flag, and wakes all coroutines that are waiting for it. Never waits itself. [`Event`] has an example.
    pub fn set(&self) {
        let mut flag = self.flag.acquire();
        *flag = Flag { is_set: true, times: flag.times + 1 };
        drop(flag);
        self.happened.notify_all();
    }

    /// Clears the flag. Coroutines that start waiting later wait for the next [`set`](Event::set); those that an
    /// earlier `set` has woken still return.
    pub fn clear(&self) {
        self.flag.acquire().is_set = false;
    }

    /// Returns whether the flag is set.
    pub fn is_set(&self) -> bool {
        self.flag.acquire().is_set
    }

    /// Waits until the flag is set, even if it is cleared right afterward.
    ///
    /// # Cancel safety
    ///
    /// Canceling it changes neither the event nor what other coroutines see.
    pub async fn wait(&self) {
        let mut before = None;
        let was_set = |flag: &mut Flag| flag.is_set || flag.times != *before.get_or_insert(flag.times);
        drop(self.happened.wait_for_sync(&self.flag, was_set).await);
    }
    // ANCHOR_END: event

    /// Waits until the flag is set, for at most `timeout`, and returns whether it was set.
    ///
    /// A zero timeout returns the state of the flag. This is Python's `asyncio.wait_for(event.wait(), timeout)`.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Event::wait).
    ///
    /// # Panics
    ///
    /// If it isn't polled in a tokio runtime with time enabled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::coroutines::Event;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let event = Event::new();
    /// assert!(!event.wait_timeout(Duration::from_millis(1)).await);
    /// event.set();
    /// assert!(event.wait_timeout(Duration::ZERO).await);
    /// # }
    /// ```
    pub async fn wait_timeout(&self, timeout: Duration) -> bool {
        time::timeout(timeout, self.wait()).await.is_ok()
    }
}
