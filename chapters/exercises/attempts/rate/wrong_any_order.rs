//! Lets callers go on in any order.
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
            let full = self.full.try_lock();
            if let Ok(mut full) = full {
                let spare = self.interval * (self.burst - 1);
                let missing = full.saturating_duration_since(Instant::now() + spare);
                sleep_until(Instant::now() + missing).await;
                *full = (*full).max(Instant::now()) + self.interval;
                return;
            }
            sleep_until(Instant::now() + Duration::from_millis(7)).await;
        }
    }
}
