//! Counts the callers of each window of time.
//! Refused: The 4th

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// A limit on how often something may be done.
pub struct RateLimiter {
    burst: u32,
    interval: Duration,
    window: Mutex<(Instant, u32)>,
}

impl RateLimiter {
    /// Creates a limiter with `burst` permits, and another one after each `interval`.
    pub fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval, window: Mutex::new((Instant::now(), 0)) }
    }

    /// Takes a permit. Waits until there is one.
    pub async fn acquire(&self) {
        let mut window = self.window.lock().await;
        let length = self.interval * self.burst;
        if window.1 == self.burst {
            sleep_until(window.0 + length).await;
        }
        if window.0.elapsed() >= length {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
    }
}
