//! Blocks the thread while it waits.
//! Refused: after 0.0 s instead of 1.0 s

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
        let spare = self.interval * (self.burst - 1);
        let missing = full.saturating_duration_since(Instant::now() + spare);
        if !missing.is_zero() {
            std::thread::sleep(missing.min(Duration::from_millis(10)));
        }
        sleep_until(Instant::now()).await;
        *full = (*full).max(Instant::now()) + self.interval;
    }
}
