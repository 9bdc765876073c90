//! The workers are numbered from 1, but `WorkerId` counts from 0.
//! Refused: worker-1 recorded nothing. These workers have some: worker-2, worker-3, worker-4.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use chapters::job::Job;
use chapters::record::{Event, WorkerId};
use chapters::service::{IDLE_TIMEOUT, OnStarted, Plan};
use chapters::trace::{Recorder, Trace};
use crossbeam::channel::{self, Receiver, RecvTimeoutError, Sender};
use crossbeam::select;

/// Runs the service, and returns how many jobs are left.
pub fn run(plan: Plan, jobs: Vec<Job>, trace: Trace, on_started: OnStarted<'_>) -> io::Result<u64> {
    let (sender, queue) = channel::unbounded();
    jobs.into_iter().for_each(|job| sender.send(job).unwrap());
    let sender = Some(sender).filter(|_| !plan.until_done);
    let (stop, stopped) = channel::bounded(1);
    let (alive, ended) = channel::bounded::<Infallible>(0);
    let running = Arc::new(AtomicBool::new(true));
    let deadline = trace.origin() + plan.time;
    trace.service().record(Event::ServiceStarting);
    let workers = start(&plan, &queue, &running, &trace, alive);
    let result = on_started(Box::new(move || _ = stop.try_send(())));
    if result.is_ok() {
        select! {
            recv(stopped) -> _ => {}
            recv(ended) -> _ => {}
            recv(channel::at(deadline)) -> _ => {}
        }
    }
    trace.service().record(Event::ServiceStopping);
    running.store(false, Relaxed);
    drop(sender);
    workers.into_iter().for_each(|worker| worker.join().unwrap());
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
    fn work(self) {
        self.trace.record(Event::WorkerStarted);
        while self.running.load(Relaxed) {
            match self.queue.recv_timeout(IDLE_TIMEOUT) {
                Ok(job) => {
                    self.trace.record(Event::JobStarted(job));
                    job.run(self.scale);
                    self.trace.record(Event::JobCompleted(job));
                }
                Err(RecvTimeoutError::Timeout) => _ = self.trace.record(Event::NoWork),
                Err(RecvTimeoutError::Disconnected) => break,
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
) -> Vec<thread::JoinHandle<()>> {
    let start = |id| {
        let worker = Worker {
            queue: queue.clone(),
            running: Arc::clone(running),
            trace: trace.worker(WorkerId(id + 1)),
            scale: plan.scale,
            _alive: alive.clone(),
        };
        thread::spawn(move || worker.work())
    };
    (0..plan.workers).map(start).collect()
}
