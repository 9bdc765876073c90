//! Yields only before the first job.
//! Refused: Of 40 jobs the four workers did

use async_channel::Receiver;

/// A job computes something. It isn't `async`, so it never yields.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    tokio::task::yield_now().await;
    let mut done = 0;
    while let Ok(job) = queue.recv().await {
        job();
        done += 1;
    }
    done
}
