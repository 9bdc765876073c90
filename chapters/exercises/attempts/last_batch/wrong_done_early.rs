//! Writes the rest, but says too early that it is done.
//! Refused: `join` returned before

use chapters::coroutines::Queue;

/// Writes all items that are put before the queue is shut down.
pub async fn work(queue: &Queue<u32>, mut write: impl FnMut(&[u32])) {
    let mut batch = Vec::new();
    while let Ok(item) = queue.get().await {
        batch.push(item);
        queue.task_done().expect("it was taken");
        if batch.len() == 3 {
            write(&batch);
            batch.clear();
        }
    }
    if !batch.is_empty() {
        write(&batch);
    }
}
