//! Panics with a message of its own.
//! Refused: doesn't panic with the payload

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let mut answers = Vec::new();
    for job in jobs {
        let answer = tokio::task::spawn_blocking(job).await;
        answers.push(answer.expect("no job panics"));
    }
    answers
}
