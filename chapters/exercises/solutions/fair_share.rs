//! A worker yields after each job: an await on a future that is ready doesn't pause the task.

use async_channel::Receiver;

// ANCHOR: solution
/// Takes jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<u64>) -> usize {
    let mut done = 0;
    while let Ok(job) = queue.recv().await {
        compute(job);
        done += 1;
        tokio::task::yield_now().await;
    }
    done
}
// ANCHOR_END: solution

/// The function of a job isn't `async` and never yields.
fn compute(job: u64) {
    std::hint::black_box((0..job).sum::<u64>());
}
