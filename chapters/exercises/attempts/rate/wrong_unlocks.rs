//! Unlocks the state while it sleeps, so the future that is polled first gets the permit.
//! Refused: The 4th caller gets a permit before the first caller

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// A limit on how often something may be done.
pub struct RateLimiter {
    burst: u32,
    interval: Duration,
    /// When all permits will be back.
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
            let next = {
                let mut full = self.full.lock().await;
                let next = (*full).checked_sub(self.interval * (self.burst - 1)).unwrap_or(*full);
                if next <= Instant::now() {
                    *full = (*full).max(Instant::now()) + self.interval;
                    return;
                }
                next
            };
            sleep_until(next).await;
        }
    }
}
