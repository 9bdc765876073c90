//! Stops when the queue is empty.
//! Refused: and the sum is 0

use chapters::coroutines::Queue;

pub struct Service {
    queue: Queue<u64>,
}

impl Service {
    pub fn new() -> Self {
        Self { queue: Queue::new(0) }
    }

    /// Puts a number.
    pub async fn put(&self, number: u64) {
        self.queue.put(number).await.expect("the service runs");
    }

    /// Adds up the numbers, until the service stops.
    pub async fn work(&self) -> u64 {
        let mut sum = 0;
        while let Ok(number) = self.queue.try_get() {
            sum += number;
        }
        sum
    }

    /// Stops the service: no more numbers will come.
    pub fn stop(&self) {
        self.queue.shutdown(false);
    }
}
