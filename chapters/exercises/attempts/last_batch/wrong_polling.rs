//! Polls the queue.
//! Refused: it polls instead of waiting

use chapters::coroutines::Queue;

/// Writes all items that are put before the queue is shut down.
pub async fn work(queue: &Queue<u32>, mut write: impl FnMut(&[u32])) {
    let mut batch = Vec::new();
    loop {
        match queue.try_get() {
            Ok(item) => batch.push(item),
            Err(_) if queue.is_shutdown() => break,
            Err(_) => tokio::task::yield_now().await,
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
