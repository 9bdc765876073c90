//! Leaves the jobs to other threads.
//! Refused: A worker doesn't do its jobs itself

use async_channel::Receiver;

/// A job computes something. It isn't `async`, so it never yields.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    let mut done = 0;
    while let Ok(job) = queue.recv().await {
        tokio::task::spawn_blocking(job).await.expect("no job panics");
        done += 1;
    }
    done
}
