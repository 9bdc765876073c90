//! A server answers questions with jobs that block their thread. While a job runs, the event loop is blocked.
//!
//! Keep the loop running during the jobs. The answers must stay in the order of the questions. If a job panics,
//! `answer` panics with the same payload. It waits for the job to end, and doesn't poll.

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
