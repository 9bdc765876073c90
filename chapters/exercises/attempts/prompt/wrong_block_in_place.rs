//! Asks tokio to move its other tasks to other threads, but it has only one.
//! Refused: can call blocking only when running on the multi-threaded runtime

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    jobs.into_iter().map(|job| tokio::task::block_in_place(job)).collect()
}
