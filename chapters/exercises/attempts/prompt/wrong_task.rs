//! Runs each job in a task, on the same thread.
//! Refused: the coroutine beside it didn't run

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let mut answers = Vec::new();
    for job in jobs {
        answers.push(tokio::spawn(async move { job() }).await.expect("no job panics"));
    }
    answers
}
