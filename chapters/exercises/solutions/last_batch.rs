//! The last batch may be incomplete when the queue is shut down; and an item is done only after it has been written.

use chapters::coroutines::Queue;

// ANCHOR: solution
/// Writes all items that are put before the queue is shut down.
pub async fn work(queue: &Queue<u32>, mut write: impl FnMut(&[u32])) {
    let mut batch = Vec::new();
    loop {
        let item = queue.get().await;
        batch.extend(item.ok());
        if batch.len() == 3 || item.is_err() && !batch.is_empty() {
            write(&batch);
            batch.drain(..).for_each(|_| queue.task_done().expect("it was taken"));
        }
        if item.is_err() {
            break;
        }
    }
}
// ANCHOR_END: solution
