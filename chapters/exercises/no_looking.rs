//! Workers add up the numbers on a queue, and poll a stop flag once a second. So they stop up to a second late, and
//! they leave numbers behind.
//!
//! After `stop`, all workers must end as soon as every number that was put before has been added, and no earlier. A
//! worker that waits for an hour must not wake up in the meantime.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use chapters::coroutines::Queue;

pub struct Service {
    queue: Queue<u64>,
    running: AtomicBool,
}

impl Service {
    pub fn new() -> Self {
        Self { queue: Queue::new(0), running: AtomicBool::new(true) }
    }

    /// Puts a number.
    pub async fn put(&self, number: u64) {
        self.queue.put(number).await.expect("the service runs");
    }

    /// Adds up the numbers, until the service stops.
    pub async fn work(&self) -> u64 {
        let mut sum = 0;
        while self.running.load(Relaxed) {
            if let Ok(number) = self.queue.get_timeout(Duration::from_secs(1)).await {
                sum += number;
            }
        }
        sum
    }

    /// Stops the service: no more numbers will come.
    pub fn stop(&self) {
        self.running.store(false, Relaxed);
    }
}
