//! Yields between taking a job and doing it.
//! Refused: were dropped while they were pending

use async_channel::Receiver;

/// A job computes something.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    let mut done = 0;
    while let Ok(job) = queue.recv().await {
        tokio::task::yield_now().await;
        job();
        done += 1;
    }
    done
}
