//! Runs all jobs at the same time.

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let running: Vec<_> = jobs.into_iter().map(tokio::task::spawn_blocking).collect();
    let mut answers = Vec::new();
    for job in running {
        answers.push(job.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())));
    }
    answers
}
