//! The service: a queue of jobs, and workers that take jobs from it until the service stops.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use async_channel::{self as channel, Receiver, Sender};
use tokio::select;
use tokio::task::{self, JoinHandle};
use tokio::time::sleep_until;

use super::{Client, Lock};
use crate::job::Job;
use crate::record::{Event, WorkerId};
use crate::service::{IDLE_TIMEOUT, OnStarted, Outcome, Plan};
use crate::trace::{Recorder, Trace};
use crate::usage::Usage;

/// A queue of jobs, and workers that take jobs from it while the service is running.
pub struct Service {
    plan: Plan,
    trace: Trace,
    /// Locked while the service is running.
    running: Arc<Lock>,
    jobs: Option<Sender<Job>>,
    queue: Receiver<Job>,
    workers: Vec<(WorkerId, JoinHandle<()>)>,
}

impl Service {
    /// Creates a service without jobs or workers.
    pub fn new(plan: Plan, trace: Trace) -> Self {
        let (jobs, queue) = channel::unbounded();
        let running = Arc::new(Lock::new());
        Self { plan, trace, running, jobs: Some(jobs), queue, workers: Vec::new() }
    }

    /// Puts jobs on the queue. Never blocks, because the queue is unbounded.
    pub fn add_jobs(&mut self, jobs: impl IntoIterator<Item = Job>) {
        let queue = self.jobs.as_ref().expect("the queue is open until the service runs");
        jobs.into_iter().for_each(|job| queue.try_send(job).expect("the queue has room for all"));
    }

    /// Runs the service until its time is up, the [stop handle](crate::service::StopHandle) is called, or all workers
    /// have ended.
    ///
    /// Calls `on_started` when all workers have been started, with a function that stops the service. Returns when all
    /// workers have ended; a worker that is processing a job finishes it first.
    ///
    /// # Errors
    ///
    /// If a worker can't be started, or if `on_started` fails. The workers that have been started are stopped.
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

    // ANCHOR: start
    fn start(&mut self, alive: Sender<Infallible>) {
        for id in (0..self.plan.workers).map(WorkerId) {
            let worker = Worker {
                running: Arc::clone(&self.running),
                queue: self.queue.clone(),
                trace: self.trace.worker(id),
                scale: self.plan.scale,
                client: Client::new(self.plan.echo_port),
                _alive: alive.clone(),
            };
            self.workers.push((id, task::spawn(worker.work())));
        }
    }
    // ANCHOR_END: start
}

/// The state of a worker.
// ANCHOR: worker
pub struct Worker {
    pub(crate) running: Arc<Lock>,
    pub(crate) queue: Receiver<Job>,
    pub(crate) trace: Recorder,
    pub(crate) scale: f64,
    pub(crate) client: Client,
    /// Each worker has one. The channel is closed when the last worker has ended.
    _alive: Sender<Infallible>,
}
// ANCHOR_END: worker

impl Worker {
    /// Takes jobs and does them until the service stops or no job can come.
    // ANCHOR: work
    async fn work(mut self) {
        let mut last = self.trace.record(Event::WorkerStarted);
        let mut slice = super::TimeSlice::starting(last);
        while self.running.is_locked() {
            last = match super::recv_deadline(&self.queue, last + IDLE_TIMEOUT).await {
                Ok(Ok(job)) => {
                    self.trace.record(Event::JobStarted(job));
                    let result = self.client.run(&job, self.scale).await;
                    self.trace.record(Event::ended(job, result))
                }
                Err(_) => self.trace.record(Event::NoWork),
                Ok(Err(_)) => break,
            };
            slice.yield_if_over(last).await;
        }
        self.trace.record(Event::WorkerFinished);
    }
    // ANCHOR_END: work
}
