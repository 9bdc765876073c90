//! The service: a queue of jobs, and workers that take jobs from it until the service stops.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_channel::{self as channel, Receiver, Sender};
use tokio::select;
use tokio::task::{self, JoinHandle};
use tokio::time::{sleep_until, timeout_at};

use super::Lock;
use crate::job::Job;
use crate::record::{Event, WorkerId};
use crate::service::{IDLE_TIMEOUT, OnStarted, Outcome, Plan};
use crate::trace::{Recorder, Trace};
use crate::usage::Usage;

/// After how long a worker lets others have the event loop, even if it need not wait for its next job.
const TURN: Duration = Duration::from_millis(1);

/// A queue of jobs, and workers that take jobs from it while the service runs.
pub struct Service {
    plan: Plan,
    trace: Trace,
    /// Locked while the service runs.
    running: Arc<Lock>,
    jobs: Option<Sender<Job>>,
    queue: Receiver<Job>,
    workers: Vec<(WorkerId, JoinHandle<()>)>,
}

impl Service {
    /// Makes a service with no jobs and no workers yet.
    pub fn new(plan: Plan, trace: Trace) -> Self {
        let (jobs, queue) = channel::unbounded();
        let running = Arc::new(Lock::new());
        Self { plan, trace, running, jobs: Some(jobs), queue, workers: Vec::new() }
    }

    /// Puts jobs on the queue.
    pub fn add_jobs(&mut self, jobs: impl IntoIterator<Item = Job>) {
        let queue = self.jobs.as_ref().expect("the queue is open until the service runs");
        jobs.into_iter().for_each(|job| queue.try_send(job).expect("the queue has room for all"));
    }

    /// Runs the service until its time is up, it is told to stop, or all workers have ended. Waits until every worker
    /// has ended; one that has begun a job finishes it first.
    ///
    /// `on_started` is called once all workers are there, with a function that tells the service to stop.
    ///
    /// # Errors
    ///
    /// When the service cannot start; the workers that are there are stopped.
    pub async fn run(mut self, on_started: OnStarted<'_>) -> io::Result<Outcome> {
        let running = Arc::clone(&self.running);
        let locked = running.acquire().await;
        let deadline = self.trace.origin() + self.plan.time;
        self.trace.service().record(Event::ServiceStarting);

        let (stop, stopped) = channel::bounded::<()>(1);
        let (alive, ended) = channel::bounded::<Infallible>(1);
        if self.plan.until_done {
            self.jobs = None;
        }
        self.start(alive);
        let result = on_started(Box::new(move || _ = stop.try_send(())));
        // ANCHOR: stop
        if result.is_ok() {
            select! {
                _ = stopped.recv() => {}
                _ = ended.recv() => {}
                () = sleep_until(deadline.into()) => {}
            }
        }

        self.trace.service().record(Event::ServiceStopping);
        drop(locked);
        self.jobs = None;
        for (id, worker) in self.workers {
            if worker.await.is_err() {
                self.trace.worker(id).record(Event::WorkerDied(None));
            }
        }
        // ANCHOR_END: stop
        result.map(|()| Outcome { left: self.queue.len() as u64, usage: Usage::of_this_process() })
    }

    fn start(&mut self, alive: Sender<Infallible>) {
        for id in (0..self.plan.workers).map(WorkerId) {
            let worker = Worker {
                running: Arc::clone(&self.running),
                queue: self.queue.clone(),
                trace: self.trace.worker(id),
                scale: self.plan.scale,
                _alive: alive.clone(),
            };
            self.workers.push((id, task::spawn(worker.work())));
        }
    }
}

/// What a worker is handed when it starts.
// ANCHOR: worker
pub(crate) struct Worker {
    pub(crate) running: Arc<Lock>,
    pub(crate) queue: Receiver<Job>,
    pub(crate) trace: Recorder,
    pub(crate) scale: f64,
    /// When the last of these is gone, so is the last worker.
    _alive: Sender<Infallible>,
}
// ANCHOR_END: worker

impl Worker {
    // ANCHOR: work
    async fn work(self) {
        let mut last = self.trace.record(Event::WorkerStarted);
        let mut turn = last;
        while self.running.is_locked() {
            last = match timeout_at((last + IDLE_TIMEOUT).into(), self.queue.recv()).await {
                Ok(Ok(job)) => {
                    self.trace.record(Event::JobStarted(job));
                    job.run_async(self.scale).await;
                    self.trace.record(Event::JobCompleted(job))
                }
                Err(_) => self.trace.record(Event::NoWork),
                Ok(Err(_)) => break,
            };
            if last - turn > TURN {
                task::yield_now().await;
                turn = Instant::now();
            }
        }
        self.trace.record(Event::WorkerFinished);
    }
    // ANCHOR_END: work
}
