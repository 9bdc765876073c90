//! The service, with threads for workers and a crossbeam channel for a queue.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{self, Receiver, RecvTimeoutError, Sender};
use crossbeam::select;

use super::Lock;
use super::interpreter::{Gils, Interpreter};
use crate::demo::{Started, Stopped, cannot_start};
use crate::gil::Gil;
use crate::job::Job;
use crate::options::Plan;
use crate::trace::{Event, Recorder, Trace, WorkerId};
use crate::usage::Usage;

/// How long a worker waits for a job before it says that there is no work, and waits on.
const PATIENCE: Duration = Duration::from_secs(1);

/// A queue of jobs, and workers that take jobs from it while the service runs.
// ANCHOR: service
pub struct Service {
    plan: Plan,
    trace: Trace,
    gils: Gils,
    /// Locked while the service runs.
    running: Arc<Lock>,
    jobs: Option<Sender<Job>>,
    queue: Receiver<Job>,
    workers: Vec<(WorkerId, JoinHandle<()>)>,
}
// ANCHOR_END: service

impl Service {
    /// Makes a service with no jobs and no workers yet.
    pub fn new(plan: Plan, trace: Trace, gils: Gils) -> Self {
        let (jobs, queue) = channel::unbounded();
        let running = Arc::new(Lock::new());
        Self { plan, trace, gils, running, jobs: Some(jobs), queue, workers: Vec::new() }
    }

    /// Puts jobs on the queue.
    pub fn add_jobs(&mut self, jobs: impl IntoIterator<Item = Job>) {
        let queue = self.jobs.as_ref().expect("the queue is open until the service runs");
        jobs.into_iter().for_each(|job| queue.send(job).expect("the service holds a receiver"));
    }

    /// Runs the service until its time is up, it is told to stop, or all workers have ended. Blocks until every worker
    /// has ended; one that has begun a job finishes it first.
    ///
    /// `started` is called once all workers are there, with a function that tells the service to stop.
    ///
    /// # Errors
    ///
    /// When a worker cannot be started, or `started` fails; the workers that are there are stopped.
    pub fn run(mut self, started: Started) -> io::Result<Stopped> {
        let running = Arc::clone(&self.running);
        let locked = running.acquire();
        let deadline = self.trace.origin() + self.plan.time;
        self.trace.service().record(Event::ServiceStarting);

        let (stop, stopped) = channel::bounded(1);
        let (alive, ended) = channel::bounded(0);
        if self.plan.until_done {
            self.jobs = None;
        }
        let result = self.start(alive).and_then(|()| started(Box::new(move || _ = stop.try_send(()))));
        // ANCHOR: stop
        if result.is_ok() {
            select! {
                recv(stopped) -> _ => {}
                recv(ended) -> _ => {}
                recv(channel::at(deadline)) -> _ => {}
            }
        }

        self.trace.service().record(Event::ServiceStopping);
        drop(locked);
        self.jobs = None;
        for (id, worker) in self.workers {
            if worker.join().is_err() {
                self.trace.worker(id).record(Event::WorkerDied(None));
            }
        }
        // ANCHOR_END: stop
        result.map(|()| Stopped { left: self.queue.len() as u64, usage: Usage::of_this_process() })
    }

    // ANCHOR: start
    fn start(&mut self, alive: Sender<Infallible>) -> io::Result<()> {
        for id in (0..self.plan.workers).map(WorkerId) {
            let worker = Worker {
                running: Arc::clone(&self.running),
                queue: self.queue.clone(),
                trace: self.trace.worker(id),
                scale: self.plan.scale,
                _alive: alive.clone(),
            };
            let gil = self.gils.of_a_worker();
            let work = move || match gil {
                None => worker.work(),
                Some(gil) => worker.work_under(&gil),
            };
            let thread = thread::Builder::new().name(id.to_string()).spawn(work);
            self.workers.push((id, thread.map_err(|error| cannot_start(id, &error))?));
        }
        Ok(())
    }
    // ANCHOR_END: start
}

/// What a worker is handed when it starts.
// ANCHOR: worker
struct Worker {
    running: Arc<Lock>,
    queue: Receiver<Job>,
    trace: Recorder,
    scale: f64,
    /// When the last of these is gone, so is the last worker.
    _alive: Sender<Infallible>,
}
// ANCHOR_END: worker

impl Worker {
    // ANCHOR: work
    fn work(self) {
        let mut last = self.trace.record(Event::WorkerStarted);
        while self.running.is_locked() {
            last = match self.queue.recv_deadline(last + PATIENCE) {
                Ok(job) => {
                    self.trace.record(Event::JobStarted(job));
                    job.run(self.scale);
                    self.trace.record(Event::JobCompleted(job))
                }
                Err(RecvTimeoutError::Timeout) => self.trace.record(Event::NoWork),
                Err(RecvTimeoutError::Disconnected) => break,
            };
        }
        self.trace.record(Event::WorkerFinished);
    }
    // ANCHOR_END: work

    /// Works as a thread of CPython's would, and holds `gil` unless it waits: the same, in an interpreter.
    fn work_under(self, gil: &Gil) {
        let mut last = self.trace.record(Event::WorkerStarted);
        let mut thread = gil.attach_watched(&self.trace);
        let mut interpreter = Interpreter::enter(&mut thread);
        while self.running.is_locked() {
            last = match interpreter.recv_deadline(&self.queue, last + PATIENCE) {
                Ok(job) => {
                    self.trace.record(Event::JobStarted(job));
                    interpreter.run(&job, self.scale);
                    self.trace.record(Event::JobCompleted(job))
                }
                Err(RecvTimeoutError::Timeout) => self.trace.record(Event::NoWork),
                Err(RecvTimeoutError::Disconnected) => break,
            };
        }
        drop(interpreter);
        self.trace.record(Event::WorkerFinished);
    }
}
