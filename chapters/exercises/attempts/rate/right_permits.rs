//! Counts the permits.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// A limit on how often something may be done.
pub struct RateLimiter {
    burst: u32,
    interval: Duration,
    state: Mutex<(u32, Instant)>,
}

impl RateLimiter {
    /// Creates a limiter with `burst` permits, and another one after each `interval`.
    pub fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval, state: Mutex::new((burst, Instant::now())) }
    }

    /// Takes a permit. Waits until there is one.
    pub async fn acquire(&self) {
        let mut state = self.state.lock().await;
        loop {
            let (permits, since) = &mut *state;
            while *permits < self.burst && since.elapsed() >= self.interval {
                *permits += 1;
                *since += self.interval;
            }
            if *permits > 0 {
                if *permits == self.burst {
                    *since = Instant::now();
                }
                *permits -= 1;
                return;
            }
            sleep_until(*since + self.interval).await;
        }
    }
}
