//! Sleeps after each job.
//! Refused: the workers slept for

use async_channel::Receiver;

/// A job computes something. It isn't `async`, so it never yields.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    let mut done = 0;
    while let Ok(job) = queue.recv().await {
        job();
        done += 1;
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    done
}
