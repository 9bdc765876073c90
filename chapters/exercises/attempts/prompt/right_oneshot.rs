//! Starts a thread for each job, and waits for a channel.

use std::thread;

use tokio::sync::oneshot;

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let mut answers = Vec::new();
    for job in jobs {
        let (sender, answer) = oneshot::channel();
        thread::spawn(move || sender.send(job()));
        answers.push(answer.await.expect("no job panics"));
    }
    answers
}
