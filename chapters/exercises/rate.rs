//! Build a rate limiter: callers may proceed at a limited rate.
//!
//! - A new limiter has `burst` permits. It gets another one after each `interval`, but never has more than `burst`. You may count
//!   the intervals from when the limiter was created, or from when it last had all its permits.
//! - `acquire` takes a permit. If there's none, it waits for one. Callers get their permits in order of arrival, even if a new
//!   caller is polled first, just when there's a permit again.
//! - A caller that's dropped while it waits takes nothing.
//!
//! Use tokio's time, from `tokio::time`. This version doesn't limit anything.

use std::time::Duration;

/// A limit on how often something may be done.
pub struct RateLimiter {
    burst: u32,
    interval: Duration,
}

impl RateLimiter {
    /// Creates a limiter with `burst` permits, and another one after each `interval`.
    pub fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval }
    }

    /// Takes a permit. Waits until there is one.
    pub async fn acquire(&self) {
        _ = (self.burst, self.interval);
    }
}
