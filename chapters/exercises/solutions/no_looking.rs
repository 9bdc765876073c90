//! Shutting the queue down wakes waiting workers at once, and stops busy ones after the last item.

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

    // ANCHOR: solution
    /// Adds up the numbers, until the service stops.
    pub async fn work(&self) -> u64 {
        let mut sum = 0;
        while let Ok(number) = self.queue.get().await {
            sum += number;
        }
        sum
    }

    /// Stops the service: no more numbers will come.
    pub fn stop(&self) {
        self.queue.shutdown(false);
    }
    // ANCHOR_END: solution
}
