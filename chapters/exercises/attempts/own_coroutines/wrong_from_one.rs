//! The workers are numbered from 1, but `WorkerId` counts from 0.
//! Refused: worker-1 recorded nothing. These workers have some: worker-2, worker-3, worker-4.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use async_channel::{Receiver, Sender};
use chapters::job::Job;
use chapters::record::{Event, WorkerId};
use chapters::service::{IDLE_TIMEOUT, OnStarted, Plan};
use chapters::trace::{Recorder, Trace};
use tokio::time::{sleep_until, timeout};
use tokio::{select, task};

/// Runs the service, and returns how many jobs are left.
pub async fn run(plan: Plan, jobs: Vec<Job>, trace: Trace, on_started: OnStarted<'_>) -> io::Result<u64> {
    let (sender, queue) = async_channel::unbounded();
    jobs.into_iter().for_each(|job| sender.try_send(job).unwrap());
    let sender = Some(sender).filter(|_| !plan.until_done);
    let (stop, stopped) = async_channel::bounded(1);
    let (alive, ended) = async_channel::bounded::<Infallible>(1);
    let running = Arc::new(AtomicBool::new(true));
    let deadline = trace.origin() + plan.time;
    trace.service().record(Event::ServiceStarting);
    let workers = start(&plan, &queue, &running, &trace, alive);
    let result = on_started(Box::new(move || _ = stop.try_send(())));
    if result.is_ok() {
        select! {
            _ = stopped.recv() => {}
            _ = ended.recv() => {}
            () = sleep_until(deadline.into()) => {}
        }
    }
    trace.service().record(Event::ServiceStopping);
    running.store(false, Relaxed);
    drop(sender);
    for worker in workers {
        worker.await?;
    }
    result.map(|()| queue.len() as u64)
}

struct Worker {
    queue: Receiver<Job>,
    running: Arc<AtomicBool>,
    trace: Recorder,
    scale: f64,
    /// When all workers have dropped theirs, the other end finds out.
    _alive: Sender<Infallible>,
}

impl Worker {
    async fn work(self) {
        self.trace.record(Event::WorkerStarted);
        while self.running.load(Relaxed) {
            match timeout(IDLE_TIMEOUT, self.queue.recv()).await {
                Ok(Ok(job)) => {
                    self.trace.record(Event::JobStarted(job));
                    job.run_async(self.scale).await;
                    self.trace.record(Event::JobCompleted(job));
                    task::yield_now().await;
                }
                Err(_) => _ = self.trace.record(Event::NoWork),
                Ok(Err(_)) => break,
            }
        }
        self.trace.record(Event::WorkerFinished);
    }
}

fn start(
    plan: &Plan,
    queue: &Receiver<Job>,
    running: &Arc<AtomicBool>,
    trace: &Trace,
    alive: Sender<Infallible>,
) -> Vec<task::JoinHandle<()>> {
    let start = |id| {
        let worker = Worker {
            queue: queue.clone(),
            running: Arc::clone(running),
            trace: trace.worker(WorkerId(id + 1)),
            scale: plan.scale,
            _alive: alive.clone(),
        };
        task::spawn(worker.work())
    };
    (0..plan.workers).map(start).collect()
}
