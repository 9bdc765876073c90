//! Remembers when the last permits were taken.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// A limit on how often something may be done.
pub struct RateLimiter {
    /// When each permit will be back, earliest first.
    back: Mutex<VecDeque<Instant>>,
    interval: Duration,
}

impl RateLimiter {
    /// Creates a limiter with `burst` permits, and another one after each `interval`.
    pub fn new(burst: u32, interval: Duration) -> Self {
        Self { back: Mutex::new((0..burst).map(|_| Instant::now()).collect()), interval }
    }

    /// Takes a permit. Waits until there is one.
    pub async fn acquire(&self) {
        let mut back = self.back.lock().await;
        sleep_until(back[0]).await;
        back.pop_front();
        let last = back.back().copied().unwrap_or_else(Instant::now).max(Instant::now());
        back.push_back(last + self.interval);
    }
}
