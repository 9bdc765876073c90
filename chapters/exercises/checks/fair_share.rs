//! Checks `fair_share`.
//!
//! The clock stands still while any task can run, and then jumps to the next timer, so a worker that sleeps is noticed.

use checks::gate::polled_at_most;
use checks::{Check, Checks};
use std::cell::Cell;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::{self, JoinSet};
use tokio::time::{self, Instant};

use super::fair_share::{Job, work};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Four workers share 40 jobs.", check)]);

thread_local! {
    /// The worker that this thread is polling.
    static POLLED: Cell<Option<usize>> = const { Cell::new(None) };
}

/// A worker, with its number.
struct Worker<F>(usize, Pin<Box<F>>);

impl<F: Future> Future for Worker<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        POLLED.set(Some(self.0));
        let polled = self.1.as_mut().poll(context);
        POLLED.set(None);
        polled
    }
}

/// The workers that did the jobs, in the order of the jobs; `None` for a job that no worker did itself.
#[derive(Clone, Default)]
struct Done(Arc<Mutex<Vec<Option<usize>>>>);

impl Done {
    fn job(&self) -> Job {
        let done = self.clone();
        Box::new(move || done.0.lock().unwrap_or_else(PoisonError::into_inner).push(POLLED.get()))
    }

    /// Compares the number of jobs that each worker did with the number that it returned.
    fn compare(&self, jobs: usize, said: &[usize]) -> Result<(), String> {
        let done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if done.len() != jobs {
            return Err(format!("The workers did {} of {jobs} jobs.", done.len()));
        }
        if done.contains(&None) {
            return Err(
                "A worker doesn't do its jobs itself: another task or another thread did one of them.".to_owned()
            );
        }
        for (worker, said) in said.iter().enumerate() {
            let own = done.iter().filter(|other| **other == Some(worker)).count();
            if own != *said {
                return Err(format!("A worker did {}, and it says that it did {said}.", checks::count(own, "job")));
            }
        }
        Ok(())
    }
}

fn check() -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        share(4, 40).await?;
        share(2, 30).await?;
        wait().await?;
        dropped()
    })
}

/// Lets workers share jobs that are all there at the beginning.
async fn share(workers: usize, jobs: usize) -> Result<(), String> {
    let (done, start) = (Done::default(), Instant::now());
    let (queue, taken) = async_channel::unbounded();
    (0..jobs).for_each(|_| queue.try_send(done.job()).expect("the queue is open"));
    drop(queue);
    let all = (0..workers).map(|number| {
        let worker = Worker(number, Box::pin(work(taken.clone())));
        async move { (number, polled_at_most(10 * jobs, "A worker", worker).await) }
    });
    let mut said = all.collect::<JoinSet<_>>().join_all().await;
    said.sort_unstable();
    let said: Vec<usize> = said.into_iter().map(|(_, said)| said).collect();
    if start.elapsed() > Duration::ZERO {
        return Err(format!("There were jobs to do, and the workers slept for {:?}.", start.elapsed()));
    }
    done.compare(jobs, &said)?;
    let mut shares = said;
    shares.sort_unstable_by(|one, other| other.cmp(one));
    match shares[..] {
        [.., least] if least * 2 * workers >= jobs => Ok(()),
        [a, b, c, d] => Err(format!("Of {jobs} jobs the four workers did {a}, {b}, {c} and {d}.")),
        _ => Err(format!("Of {jobs} jobs, {workers} workers did {shares:?}.")),
    }
}

/// Lets a worker wait for jobs that come later.
async fn wait() -> Result<(), String> {
    let (done, (queue, taken)) = (Done::default(), async_channel::unbounded());
    // A task is polled only when it's woken.
    let worker = tokio::spawn(polled_at_most(50, "A worker without jobs", Worker(0, Box::pin(work(taken)))));
    for _ in 0..100 {
        task::yield_now().await;
    }
    time::sleep(Duration::from_secs(3600)).await;
    for _ in 0..3 {
        // It fails if the worker has ended, and then the job isn't done.
        _ = queue.try_send(done.job());
    }
    drop(queue);
    let said = worker.await.map_err(|_| "A worker panicked.".to_owned())?;
    done.compare(3, &[said])
}

/// Polls each of three workers twice, and drops it. Another one does the rest.
fn dropped() -> Result<(), String> {
    let (done, (queue, taken)) = (Done::default(), async_channel::unbounded());
    (0..10).for_each(|_| queue.try_send(done.job()).expect("the queue is open"));
    drop(queue);
    let mut context = Context::from_waker(std::task::Waker::noop());
    for number in 0..3 {
        let mut worker = Box::pin(Worker(number, Box::pin(work(taken.clone()))));
        _ = (worker.as_mut().poll(&mut context), number > 0 && worker.as_mut().poll(&mut context).is_ready());
    }
    let mut last = Box::pin(Worker(3, Box::pin(work(taken))));
    if (0..100).all(|_| last.as_mut().poll(&mut context).is_pending()) {
        return Err("The queue is closed and empty, and a worker is still pending.".to_owned());
    }
    match done.0.lock().unwrap_or_else(PoisonError::into_inner).len() {
        10 => Ok(()),
        count => Err(format!(
            "Workers were dropped while they were pending, and after that, the others had done {count} of 10 jobs in all."
        )),
    }
}
