//! Starts a thread that sends the answers.

use std::panic;
use std::thread;

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let (sender, answers) = async_channel::unbounded();
    let count = jobs.len();
    let thread = thread::spawn(move || jobs.into_iter().for_each(|job| _ = sender.send_blocking(job())));
    let mut all = Vec::new();
    while let Ok(answer) = answers.recv().await {
        all.push(answer);
    }
    if all.len() < count {
        panic::resume_unwind(thread.join().expect_err("a job panicked"));
    }
    all
}
