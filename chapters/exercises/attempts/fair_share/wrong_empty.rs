//! Ends when the queue is empty.
//! Refused: The workers did 0 of 3 jobs

use async_channel::Receiver;

/// A job computes something. It isn't `async`, so it never yields.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    let mut done = 0;
    while let Ok(job) = queue.try_recv() {
        job();
        done += 1;
        tokio::task::yield_now().await;
    }
    done
}
