//! Sleeps to let items come, and writes what is there.
//! Refused: The batches have the sizes

use std::time::Duration;

use chapters::coroutines::Queue;

/// Writes all items that are put before the queue is shut down.
pub async fn work(queue: &Queue<u32>, mut write: impl FnMut(&[u32])) {
    let mut batch = Vec::new();
    while let Ok(item) = queue.get().await {
        batch.push(item);
        if batch.len() == 3 || queue.is_empty() {
            if batch.len() < 3 && !queue.is_shutdown() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            write(&batch);
            batch.drain(..).for_each(|_| queue.task_done().expect("it was taken"));
        }
    }
}
