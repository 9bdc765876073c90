//! Waits for a thread, and blocks its own.
//! Refused: the coroutine beside it didn't run

use std::thread;

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let mut answers = Vec::new();
    for job in jobs {
        answers.push(thread::spawn(job).join().expect("no job panics"));
    }
    answers
}
