//! A flag that coroutines can wait for: Python's `asyncio.Event`.
//!
//! It differs from a [`Condition`] in that it remembers: who comes after it was set does not wait. It differs from a
//! channel in that everybody is told, and nothing is passed on.
//!
//! Tokio has none. A working engineer reaches for [`tokio::sync::OnceCell`] if the event happens once and brings a value,
//! for [`tokio::sync::watch`], whose receivers also see later values, or for tokio-util's `CancellationToken` if the event
//! means *stop*. A [`tokio::sync::Notify`] remembers nothing for those who come later, but for one.

use std::time::Duration;

use tokio::time;

use super::Condition;
use crate::threads;

/// A flag, not set at first.
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
    /// How often it was set. A notification alone proves nothing: it may be one that was passed on.
    times: u64,
}

impl Event {
    /// Makes an event that has not happened.
    pub fn new() -> Self {
        Self::default()
    }

    // ANCHOR: event
    /// Sets the flag, and wakes everybody who waits. See the example of [`Event`].
    pub fn set(&self) {
        let mut flag = self.flag.acquire();
        *flag = Flag { is_set: true, times: flag.times + 1 };
        drop(flag);
        self.happened.notify_all();
    }

    /// Clears the flag, so that whoever comes now waits. Whoever was woken by [`set`](Event::set) before stays awake.
    pub fn clear(&self) {
        self.flag.acquire().is_set = false;
    }

    /// Whether the flag is set. See the example of [`Event`].
    pub fn is_set(&self) -> bool {
        self.flag.acquire().is_set
    }

    /// Waits until the flag is set, however shortly.
    ///
    /// Cancel safe: a coroutine that is cancelled while it waits has changed nothing.
    pub async fn wait(&self) {
        let mut before = None;
        let was_set = |flag: &mut Flag| flag.is_set || flag.times != *before.get_or_insert(flag.times);
        drop(self.happened.until(&self.flag, was_set).await);
    }
    // ANCHOR_END: event

    /// Waits until the flag is set or `timeout` has passed, and returns whether it was set: Python's
    /// `asyncio.wait_for(event.wait(), timeout)`.
    ///
    /// Cancel safe as [`wait`](Event::wait) is.
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
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has a clock.
    pub async fn wait_timeout(&self, timeout: Duration) -> bool {
        time::timeout(timeout, self.wait()).await.is_ok()
    }
}

#[cfg(test)]
#[path = "tests/event.rs"]
mod tests;
