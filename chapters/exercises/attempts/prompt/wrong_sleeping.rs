//! Sleeps until the thread has ended.
//! Refused: it polls instead of waiting

use std::thread;
use std::time::Duration;

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let mut answers = Vec::new();
    for job in jobs {
        let thread = thread::spawn(job);
        while !thread.is_finished() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        answers.push(thread.join().expect("no job panics"));
    }
    answers
}
