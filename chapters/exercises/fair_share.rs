//! Four coroutines take jobs from a queue. The first one to run does them all, and the others find nothing left.
//!
//! Let every worker do its share. The jobs stay as they are, and so does the queue.

use async_channel::Receiver;

/// Takes jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<u64>) -> usize {
    let mut done = 0;
    while let Ok(job) = queue.recv().await {
        compute(job);
        done += 1;
    }
    done
}

/// The function of a job isn't `async` and never yields.
fn compute(job: u64) {
    std::hint::black_box((0..job).sum::<u64>());
}
