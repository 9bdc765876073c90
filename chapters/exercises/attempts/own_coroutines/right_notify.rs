//! A queue from a list and a `Notify`.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use chapters::job::Job;
use chapters::record::{Event, WorkerId};
use chapters::service::{IDLE_TIMEOUT, OnStarted, Plan};
use chapters::trace::Trace;
use tokio::sync::Semaphore;
use tokio::task::{self, JoinSet};
use tokio::time::{timeout, timeout_at};

/// Runs the service, and returns how many jobs are left.
pub async fn run(plan: Plan, jobs: Vec<Job>, trace: Trace, on_started: OnStarted<'_>) -> io::Result<u64> {
    let shared =
        Arc::new(Shared { jobs: Mutex::new(jobs.into()), stopped: Semaphore::new(0), done: Semaphore::new(0) });
    let deadline = trace.origin() + plan.time;
    trace.service().record(Event::ServiceStarting);
    let mut workers = JoinSet::new();
    for id in 0..plan.workers {
        workers.spawn(work(Arc::clone(&shared), plan, trace.clone(), WorkerId(id)));
    }
    let handle = Arc::clone(&shared);
    on_started(Box::new(move || handle.done.close()))?;
    _ = timeout_at(deadline.into(), shared.done.acquire_many(plan.workers)).await;
    trace.service().record(Event::ServiceStopping);
    shared.stopped.close();
    while let Some(end) = workers.join_next().await {
        end?;
    }
    let left = shared.jobs.lock().unwrap().len();
    Ok(left as u64)
}

struct Shared {
    jobs: Mutex<VecDeque<Job>>,
    /// Closed to stop the workers.
    stopped: Semaphore,
    /// A permit for each worker that has ended. Closed by the stop function.
    done: Semaphore,
}

async fn work(shared: Arc<Shared>, plan: Plan, trace: Trace, id: WorkerId) {
    let trace = trace.worker(id);
    trace.record(Event::WorkerStarted);
    while !shared.stopped.is_closed() {
        let job = shared.jobs.lock().unwrap().pop_front();
        match job {
            Some(job) => {
                trace.record(Event::JobStarted(job));
                job.run_async(plan.scale).await;
                trace.record(Event::JobCompleted(job));
                task::yield_now().await;
            }
            None if plan.until_done => break,
            None => {
                if timeout(IDLE_TIMEOUT, shared.stopped.acquire()).await.is_err() {
                    trace.record(Event::NoWork);
                }
            }
        }
    }
    trace.record(Event::WorkerFinished);
    shared.done.add_permits(1);
}
