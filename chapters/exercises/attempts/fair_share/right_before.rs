//! Yields before each job.

use async_channel::Receiver;

/// A job computes something. It isn't `async`, so it never yields.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    let mut done = 0;
    loop {
        tokio::task::yield_now().await;
        match queue.recv().await {
            Ok(job) => job(),
            Err(_) => return done,
        }
        done += 1;
    }
}
