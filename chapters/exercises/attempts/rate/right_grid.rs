//! Counts the intervals since the limiter was created.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// A limit on how often something may be done.
pub struct RateLimiter {
    burst: u32,
    interval: Duration,
    created: Instant,
    /// The number of permits, after this many intervals.
    state: Mutex<(u32, u32)>,
}

impl RateLimiter {
    /// Creates a limiter with `burst` permits, and another one after each `interval`.
    pub fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval, created: Instant::now(), state: Mutex::new((burst, 0)) }
    }

    /// Takes a permit. Waits until there is one.
    pub async fn acquire(&self) {
        let mut state = self.state.lock().await;
        loop {
            let (permits, intervals) = &mut *state;
            while self.created + self.interval * (*intervals + 1) <= Instant::now() {
                *intervals += 1;
                *permits = self.burst.min(*permits + 1);
            }
            if *permits > 0 {
                *permits -= 1;
                return;
            }
            sleep_until(self.created + self.interval * (*intervals + 1)).await;
        }
    }
}
