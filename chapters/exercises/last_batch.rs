//! A worker writes the items that it takes in batches of three, until the queue is shut down. Some items are never
//! written, and a task that joins the queue continues too early.
//!
//! Let the worker write every item that was put, and call `task_done` for each after it has been written. It writes three
//! items as soon as it has them, and only the last batch may be smaller, but not empty.

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
