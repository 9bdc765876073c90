//! Four coroutines take jobs from a queue. The first one to run does them all, and the others find nothing left.
//!
//! Let every worker do its share. A worker does its jobs itself, on its own thread, and goes on until the queue is closed and
//! empty. It doesn't sleep as long as there are jobs. A worker may be dropped while it's pending, and no job is lost by that.
//! The queue stays as it is.

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
