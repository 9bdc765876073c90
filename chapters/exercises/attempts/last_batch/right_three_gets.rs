//! Collects up to three items in an inner loop.

use chapters::coroutines::Queue;

/// Writes all items that are put before the queue is shut down.
pub async fn work(queue: &Queue<u32>, mut write: impl FnMut(&[u32])) {
    loop {
        let mut batch = Vec::new();
        while batch.len() < 3 {
            match queue.get().await {
                Ok(item) => batch.push(item),
                Err(_) => break,
            }
        }
        if batch.is_empty() {
            return;
        }
        write(&batch);
        batch.iter().for_each(|_| queue.task_done().expect("it was taken"));
        if batch.len() < 3 {
            return;
        }
    }
}
