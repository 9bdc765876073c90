//! A worker yields after each job: an await on a future that is ready doesn't pause the task.

use async_channel::Receiver;

/// A job computes something. It isn't `async`, so it never yields.
pub type Job = Box<dyn FnOnce() + Send>;

// ANCHOR: solution
/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    let mut done = 0;
    while let Ok(job) = queue.recv().await {
        job();
        done += 1;
        tokio::task::yield_now().await;
    }
    done
}
// ANCHOR_END: solution
