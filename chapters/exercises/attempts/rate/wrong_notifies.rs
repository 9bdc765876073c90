//! The callers that wait are woken in order, but a new caller doesn't look whether there are others.
//! Refused: The 4th caller gets a permit before the first caller

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Mutex as Queue;
use tokio::time::{Instant, sleep_until};

/// A limit on how often something may be done.
pub struct RateLimiter {
    burst: u32,
    interval: Duration,
    /// When all permits will be back.
    full: Mutex<Instant>,
    /// Locked by the first one of the callers that wait.
    waiting: Queue<()>,
}

impl RateLimiter {
    /// Creates a limiter with `burst` permits, and another one after each `interval`.
    pub fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval, full: Mutex::new(Instant::now()), waiting: Queue::new(()) }
    }

    /// Takes a permit, or returns when there will be one.
    fn try_acquire(&self) -> Result<(), Instant> {
        let mut full = self.full.lock().unwrap();
        let next = (*full).checked_sub(self.interval * (self.burst - 1)).unwrap_or(*full);
        if next > Instant::now() {
            return Err(next);
        }
        *full = (*full).max(Instant::now()) + self.interval;
        Ok(())
    }

    /// Takes a permit. Waits until there is one.
    pub async fn acquire(&self) {
        if self.try_acquire().is_ok() {
            return;
        }
        let _first = self.waiting.lock().await;
        while let Err(next) = self.try_acquire() {
            sleep_until(next).await;
        }
    }
}
