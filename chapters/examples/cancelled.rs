//! A worker that times out drops the future it was waiting for. In one of three ways, a job is lost with it:
//! `cargo run --example cancelled`.
//!
//! The clock is tokio's own. It stands still while any task can run, and when all tasks wait it jumps to the next
//! timer, so this ends at once and in the same way each time.

use std::time::Duration;

use async_channel::Receiver;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task;
use tokio::time::{sleep, timeout};

const JOBS: usize = 12;
/// The worker's timeout.
const PATIENCE: Duration = Duration::from_millis(10);
/// How long a job takes.
const JOB: Duration = Duration::from_millis(5);
/// How long another cook keeps the place in the kitchen, and how long it stays away.
const COOKS: Duration = Duration::from_millis(25);

/// The kitchen has one place.
static KITCHEN: Semaphore = Semaphore::const_new(1);

type Ready = (u32, SemaphorePermit<'static>);

async fn place() -> SemaphorePermit<'static> {
    KITCHEN.acquire().await.expect("it is never closed")
}

// ANCHOR: job_first
/// Takes a job, and then a place to do it in.
async fn job_first(queue: Receiver<u32>) -> Option<Ready> {
    let job = queue.recv().await.ok()?;
    let place = place().await;
    Some((job, place))
}
// ANCHOR_END: job_first

// ANCHOR: place_first
/// Takes a place, and then a job to do in it.
async fn place_first(queue: Receiver<u32>) -> Option<Ready> {
    let place = place().await;
    let job = queue.recv().await.ok()?;
    Some((job, place))
}
// ANCHOR_END: place_first

// ANCHOR: work
/// Runs jobs until the queue is closed and empty, and returns how many.
async fn work<F>(queue: Receiver<u32>, next: fn(Receiver<u32>) -> F) -> usize
where
    F: Future<Output = Option<Ready>>,
{
    let mut done = 0;
    loop {
        match timeout(PATIENCE, next(queue.clone())).await {
            Ok(Some((_job, _place))) => {
                sleep(JOB).await;
                done += 1;
            }
            Ok(None) => return done,
            Err(_) => {} // A moment to look around, and then again.
        }
    }
}
// ANCHOR_END: work

// ANCHOR: shielded
/// The same with `job_first` in a task of its own, which a timeout does not reach.
async fn work_shielded(queue: Receiver<u32>) -> usize {
    let mut done = 0;
    let mut next = task::spawn(job_first(queue.clone()));
    loop {
        match timeout(PATIENCE, &mut next).await {
            Ok(Ok(Some((_job, place)))) => {
                sleep(JOB).await;
                drop(place);
                done += 1;
                next = task::spawn(job_first(queue.clone()));
            }
            Ok(_) => return done,
            Err(_) => {} // The task goes on.
        }
    }
}
// ANCHOR_END: shielded

/// Another task that needs the kitchen.
async fn cook() {
    loop {
        let place = place().await;
        sleep(COOKS).await;
        drop(place);
        sleep(COOKS).await;
    }
}

/// Runs a worker beside the cook, and prints how many jobs are done and how many are lost.
async fn tell<F: Future<Output = usize>>(name: &str, work: impl FnOnce(Receiver<u32>) -> F) {
    let (jobs, queue) = async_channel::unbounded();
    (0..JOBS as u32).for_each(|job| jobs.try_send(job).expect("the queue is open"));
    drop(jobs);
    let cook = task::spawn(cook());
    task::yield_now().await;
    let done = work(queue).await;
    cook.abort();
    let _ = cook.await;
    println!("{name:<17}  {JOBS} jobs: {done:2} done, {:2} lost", JOBS - done);
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    chapters::environment::prepare_example();
    tell("the job first", |queue| work(queue, job_first)).await;
    tell("the place first", |queue| work(queue, place_first)).await;
    tell("in its own task", work_shielded).await;
}
