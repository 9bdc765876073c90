//! Keeps everything until the queue is shut down, and then writes batches of three.
//! Refused: The batches have the sizes

use chapters::coroutines::Queue;

/// Writes all items that are put before the queue is shut down.
pub async fn work(queue: &Queue<u32>, mut write: impl FnMut(&[u32])) {
    let mut all = Vec::new();
    while let Ok(item) = queue.get().await {
        all.push(item);
    }
    for batch in all.chunks(3) {
        write(batch);
        batch.iter().for_each(|_| queue.task_done().expect("it was taken"));
    }
}
