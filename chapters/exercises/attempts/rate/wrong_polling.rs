//! Looks every millisecond.
//! Refused: polls instead of waiting

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
        loop {
            {
                let mut full = self.full.lock().await;
                let spare = self.interval * (self.burst - 1);
                if full.saturating_duration_since(Instant::now() + spare).is_zero() {
                    *full = (*full).max(Instant::now()) + self.interval;
                    return;
                }
            }
            sleep_until(Instant::now() + Duration::from_millis(1)).await;
        }
    }
}
