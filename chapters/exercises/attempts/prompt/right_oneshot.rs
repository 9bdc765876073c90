//! Starts a thread for each job, and waits for a channel.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use tokio::sync::oneshot;

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let mut answers = Vec::new();
    for job in jobs {
        let (sender, answer) = oneshot::channel();
        thread::spawn(move || sender.send(catch_unwind(AssertUnwindSafe(job))).is_ok());
        let answer = answer.await.expect("the thread sends it");
        answers.push(answer.unwrap_or_else(|payload| resume_unwind(payload)));
    }
    answers
}
