//! A server answers questions by jobs that block their thread. While it runs one, its event loop is blocked.
//!
//! Let the loop continue during the jobs. The answers stay in the order of the questions. If a job panics, `answer` panics with
//! the same payload. It waits for the end of a job, and doesn't poll.

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let mut answers = Vec::new();
    for job in jobs {
        answers.push(job());
    }
    answers
}
