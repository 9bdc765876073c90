//! Writes an empty batch if nothing is left.
//! Refused: the batches had the sizes [3, 3, 0]

use chapters::coroutines::Queue;

/// Writes all items that are put before the queue is shut down.
pub async fn work(queue: &Queue<u32>, mut write: impl FnMut(&[u32])) {
    let mut batch = Vec::new();
    while let Ok(item) = queue.get().await {
        batch.push(item);
        if batch.len() == 3 {
            write(&batch);
            batch.drain(..).for_each(|_| queue.task_done().expect("it was taken"));
        }
    }
    write(&batch);
    batch.drain(..).for_each(|_| queue.task_done().expect("it was taken"));
}
