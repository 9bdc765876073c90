//! Polls the queue.
//! Refused: it polls instead of waiting

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

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
        while self.running.load(Relaxed) || !self.queue.is_empty() {
            match self.queue.try_get() {
                Ok(number) => sum += number,
                Err(_) => tokio::task::yield_now().await,
            }
        }
        sum
    }

    /// Stops the service: no more numbers will come.
    pub fn stop(&self) {
        self.running.store(false, Relaxed);
    }
}
