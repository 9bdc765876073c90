//! Takes the second poll for the end of the job.
//! Refused: the coroutine beside it didn't run

use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;

/// A job that blocks the thread on which it is called.
pub type Job = Box<dyn FnOnce() -> u64 + Send>;

/// Runs all jobs, and returns their answers in order.
pub async fn answer(jobs: Vec<Job>) -> Vec<u64> {
    let mut answers = Vec::new();
    for job in jobs {
        let (mut job, (sender, result)) = (Some(job), mpsc::channel());
        let ended = poll_fn(|context| match job.take() {
            Some(job) => {
                let (waker, sender) = (context.waker().clone(), sender.clone());
                thread::spawn(move || {
                    sender.send(panic::catch_unwind(AssertUnwindSafe(job))).unwrap();
                    waker.wake();
                });
                Poll::Pending
            }
            None => Poll::Ready(result.recv().unwrap()),
        });
        answers.push(ended.await.unwrap_or_else(|payload| panic::resume_unwind(payload)));
    }
    answers
}
