//! A worker writes the items that it takes in batches of three, until the queue is shut down. Some items are never written, and
//! a task that joins the queue continues too early.
//!
//! Make the worker write every item that it takes. A task that joins the queue continues when all items have been written, and
//! no earlier. The worker writes three items as soon as it has them. Only the last batch may be smaller, and no batch is empty.

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
}
