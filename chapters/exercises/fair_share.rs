//! Four coroutines take jobs from a queue. The first one to run does them all, and the others find nothing left.
//!
//! Make every worker do its share. A worker does its jobs itself, on its own thread, and continues until the queue is
//! closed and empty. It doesn't sleep while there are jobs. If a worker is dropped while it's pending, no job may be
//! lost. Don't change the queue.

use async_channel::Receiver;

/// A job computes something.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    let mut done = 0;
    while let Ok(job) = queue.recv().await {
        job();
        done += 1;
    }
    done
}
