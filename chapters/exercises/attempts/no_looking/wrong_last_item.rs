//! Puts a last item that marks the end, which only one worker gets.
//! Refused: of 3 workers ended

use chapters::coroutines::Queue;

pub struct Service {
    queue: Queue<Option<u64>>,
}

impl Service {
    pub fn new() -> Self {
        Self { queue: Queue::new(0) }
    }

    /// Puts a number.
    pub async fn put(&self, number: u64) {
        self.queue.put(Some(number)).await.expect("the service runs");
    }

    /// Adds up the numbers, until the service stops.
    pub async fn work(&self) -> u64 {
        let mut sum = 0;
        while let Ok(Some(number)) = self.queue.get().await {
            sum += number;
        }
        sum
    }

    /// Stops the service: no more numbers will come.
    pub fn stop(&self) {
        self.queue.try_put(None).expect("the queue is unbounded");
    }
}
