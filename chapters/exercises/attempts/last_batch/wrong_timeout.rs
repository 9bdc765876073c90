//! Wakes up once a second to see whether the queue is shut down.
//! Refused: it polls instead of waiting

use std::time::Duration;

use chapters::coroutines::Queue;

/// Writes all items that are put before the queue is shut down.
pub async fn work(queue: &Queue<u32>, mut write: impl FnMut(&[u32])) {
    let mut batch = Vec::new();
    while !(queue.is_shutdown() && queue.is_empty()) {
        if let Ok(item) = queue.get_timeout(Duration::from_secs(1)).await {
            batch.push(item);
        }
        if batch.len() == 3 {
            write(&batch);
            batch.drain(..).for_each(|_| queue.task_done().expect("it was taken"));
        }
    }
    if !batch.is_empty() {
        write(&batch);
        batch.drain(..).for_each(|_| queue.task_done().expect("it was taken"));
    }
}
