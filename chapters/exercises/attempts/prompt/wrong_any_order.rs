//! Returns the answers in the order in which the jobs end.
//! Refused: The answers are

use std::thread;

use tokio::sync::mpsc;

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let (sender, mut answers) = mpsc::unbounded_channel();
    for job in jobs {
        let sender = sender.clone();
        thread::spawn(move || sender.send(job()));
    }
    drop(sender);
    let mut all = Vec::new();
    while let Some(answer) = answers.recv().await {
        all.push(answer);
    }
    all
}
