//! A worker that times out drops the future it was waiting for. In one of three ways, a job is lost with it:
//! `cargo run --example cancelled`.
//!
//! The clock is paused: it stands still while a task can run, and jumps to the next timer when all tasks are waiting. So
//! the program ends immediately, and in the same way every time.

use std::time::Duration;

use async_channel::Receiver;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task;
use tokio::time::{sleep, timeout};

const JOBS: usize = 12;
/// The worker's timeout.
const TIMEOUT: Duration = Duration::from_millis(10);
/// How long a job takes.
const JOB: Duration = Duration::from_millis(5);
/// How long another task holds the permit, and how long it pauses afterward.
const OTHER: Duration = Duration::from_millis(25);

static PERMITS: Semaphore = Semaphore::const_new(1);

type Ready = (u32, SemaphorePermit<'static>);

async fn permit() -> SemaphorePermit<'static> {
    PERMITS.acquire().await.expect("the semaphore is never closed")
}

// ANCHOR: job_first
/// Receives a job, and then acquires a permit to do it.
async fn job_first(queue: Receiver<u32>) -> Option<Ready> {
    let job = queue.recv().await.ok()?;
    let permit = permit().await;
    Some((job, permit))
}
// ANCHOR_END: job_first

// ANCHOR: permit_first
/// Acquires a permit, and then receives a job.
async fn permit_first(queue: Receiver<u32>) -> Option<Ready> {
    let permit = permit().await;
    let job = queue.recv().await.ok()?;
    Some((job, permit))
}
// ANCHOR_END: permit_first

// ANCHOR: work
/// Does jobs until the queue is closed and empty, and returns their number.
async fn work<F>(queue: Receiver<u32>, next: fn(Receiver<u32>) -> F) -> usize
where
    F: Future<Output = Option<Ready>>,
{
    let mut done = 0;
    loop {
        match timeout(TIMEOUT, next(queue.clone())).await {
            Ok(Some((_job, _permit))) => {
                sleep(JOB).await;
                done += 1;
            }
            Ok(None) => return done,
            Err(_) => {} // The time is up: try again.
        }
    }
}
// ANCHOR_END: work

// ANCHOR: shielded
/// The same with `job_first` in a task of its own, which the timeout doesn't cancel.
async fn work_shielded(queue: Receiver<u32>) -> usize {
    let mut done = 0;
    let mut next = task::spawn(job_first(queue.clone()));
    loop {
        match timeout(TIMEOUT, &mut next).await {
            Ok(Ok(Some((_job, permit)))) => {
                sleep(JOB).await;
                drop(permit);
                done += 1;
                next = task::spawn(job_first(queue.clone()));
            }
            Ok(_) => return done,
            Err(_) => {} // The time is up, but the task continues.
        }
    }
}
// ANCHOR_END: shielded

/// Another task that needs the permit.
async fn compete() {
    loop {
        let permit = permit().await;
        sleep(OTHER).await;
        drop(permit);
        sleep(OTHER).await;
    }
}

/// Runs a worker next to the other task, and prints how many jobs are done and how many are lost.
async fn run<F: Future<Output = usize>>(name: &str, work: impl FnOnce(Receiver<u32>) -> F) {
    let (jobs, queue) = async_channel::unbounded();
    (0..JOBS as u32).for_each(|job| jobs.try_send(job).expect("the queue is open"));
    drop(jobs);
    let competitor = task::spawn(compete());
    task::yield_now().await;
    let done = work(queue).await;
    competitor.abort();
    let _ = competitor.await;
    println!("{name:<17}  {JOBS} jobs: {done:2} done, {:2} lost", JOBS - done);
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    chapters::environment::prepare_example();
    run("the job first", |queue| work(queue, job_first)).await;
    run("the permit first", |queue| work(queue, permit_first)).await;
    run("in its own task", work_shielded).await;
}
