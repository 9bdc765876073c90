//! Polls the queue.
//! Refused: it polls instead of waiting

use async_channel::Receiver;

/// A job computes something. It isn't `async`, so it never yields.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    let mut done = 0;
    loop {
        match queue.try_recv() {
            Ok(job) => {
                job();
                done += 1;
            }
            Err(async_channel::TryRecvError::Closed) => return done,
            Err(async_channel::TryRecvError::Empty) => {}
        }
        tokio::task::yield_now().await;
    }
}
