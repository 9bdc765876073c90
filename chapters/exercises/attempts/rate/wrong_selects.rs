//! Waits for the release of a lock or for a timer, whichever is earlier, again and again.
//! Refused: polls instead of waiting

use std::time::Duration;

use tokio::select;
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep};

/// A limit on how often something may be done.
pub struct RateLimiter {
    burst: u32,
    interval: Duration,
    /// When all permits will be back.
    full: Mutex<Instant>,
    changed: Notify,
}

impl RateLimiter {
    /// Creates a limiter with `burst` permits, and another one after each `interval`.
    pub fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval, full: Mutex::new(Instant::now()), changed: Notify::new() }
    }

    /// Takes a permit. Waits until there is one.
    pub async fn acquire(&self) {
        loop {
            let mut full = self.full.lock().await;
            let spare = self.interval * (self.burst - 1);
            if *full <= Instant::now() + spare {
                *full = (*full).max(Instant::now()) + self.interval;
                self.changed.notify_waiters();
                return;
            }
            drop(full);
            select! {
                () = self.changed.notified() => {}
                () = sleep(Duration::from_millis(1)) => {}
            }
        }
    }
}
