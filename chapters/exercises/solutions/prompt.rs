//! Each job runs on a thread of its own, and the loop awaits its end.

use std::panic;

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

// ANCHOR: solution
/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let mut answers = Vec::new();
    for job in jobs {
        match tokio::task::spawn_blocking(job).await {
            Ok(answer) => answers.push(answer),
            Err(error) => panic::resume_unwind(error.into_panic()),
        }
    }
    answers
}
// ANCHOR_END: solution
