//! Runs the service with worker processes, which take jobs from a queue in shared memory.

pub(crate) mod collector;
pub mod record_ring;

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use collector::{Last, Watched};
use crossbeam::channel::{self, RecvTimeoutError};
use crossbeam::select;
use nix::sys::prctl;
use nix::time::{ClockId, clock_gettime};
use record_ring::RecordRing;
use serde::{Deserialize, Serialize};

use super::os::shared::{Place, Shared};
use super::os::start::setup::check_descriptors;
use super::os::start::{Child, Method, Starter};
use super::queue::{GetError, PutError};
use super::{Client, Lock, Queue};
use crate::job::Job;
use crate::record::{Event, WorkerId};
use crate::service::{self, IDLE_TIMEOUT, OnStarted, Outcome, Plan};
use crate::trace::Trace;
use crate::usage::Usage;

/// The maximum number of bytes that a job takes on the queue.
const JOB: usize = 32;

/// A queue of jobs, and workers that take jobs from it while the service is running.
pub struct Service {
    plan: Plan,
    trace: Trace,
    method: Method,
    /// Locked while the service is running.
    running: Lock,
    memory: Arc<Shared>,
    queue: Queue<Job>,
    workers: Vec<Watched>,
}

impl Service {
    /// Creates a service without jobs or workers, with room for `jobs` jobs.
    ///
    /// # Errors
    ///
    /// If the system lacks the memory.
    pub fn new(plan: Plan, trace: Trace, method: Method, jobs: usize) -> io::Result<Self> {
        let room = jobs * JOB;
        let words = Lock::<()>::WORDS + Queue::<Job>::words(room) + plan.workers as usize * record_ring::WORDS;
        let memory = Arc::new(Shared::new(words)?);
        let running = Lock::new(&memory)?;
        let queue = Queue::with_room(&memory, 0, room)?;
        Ok(Self { plan, trace, method, running, memory, queue, workers: Vec::new() })
    }

    /// Puts jobs on the queue.
    ///
    /// # Errors
    ///
    /// If there isn't enough room for all of them.
    pub fn add_jobs(&mut self, jobs: impl IntoIterator<Item = Job>) -> Result<(), PutError<Job>> {
        jobs.into_iter().try_for_each(|job| self.queue.try_put(job))
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
    pub fn run(mut self, on_started: OnStarted) -> io::Result<Outcome> {
        let running = self.running.clone();
        let locked = running.acquire();
        let deadline = self.trace.origin() + self.plan.time;
        self.trace.complete_until(Duration::ZERO);
        self.trace.service().record(Event::ServiceStarting);

        let (stop, stopped) = channel::bounded(1);
        let (alive, ended) = channel::bounded(0);
        let starter = Starter::new(self.method)?;
        if self.plan.until_done {
            self.queue.shutdown(false);
        }
        let result = self.start(&starter);
        let workers = collector::watch(self.workers, self.trace.clone(), alive, || ())?;
        let result = result.and_then(|()| on_started(Box::new(move || _ = stop.try_send(()))));
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
        self.queue.shutdown(false);
        let peak = workers.join().map_err(|_| io::Error::other("the collector failed"))?;
        drop(starter);
        // ANCHOR_END: stop
        let mut usage = Usage::of_this_process();
        usage.peak_rss = usage.peak_rss.saturating_add(peak);
        result.map(|()| Outcome { left: self.queue.len() as u64, usage })
    }

    // ANCHOR: start
    fn start(&mut self, starter: &Starter<Worker>) -> io::Result<()> {
        check_descriptors(self.plan.workers as usize)
            .map_err(|(first, error)| service::cannot_start(WorkerId(first as u32), &error))?;
        for id in (0..self.plan.workers).map(WorkerId) {
            let ring = RecordRing::new(&self.memory, id, self.trace.origin())?;
            let worker = Worker {
                running: self.running.clone(),
                queue: Jobs(self.queue.clone()),
                trace: ring.clone(),
                scale: self.plan.scale,
                client: Client::new(self.plan.echo_port),
            };
            let process = starter.start(worker).map_err(|error| service::cannot_start(id, &error))?;
            self.workers.push(Watched { ring, process, last: Last::default() });
        }
        Ok(())
    }
    // ANCHOR_END: start
}

/// The state that a worker receives when it starts.
// ANCHOR: worker
pub struct Worker {
    running: Lock,
    queue: Jobs,
    trace: RecordRing,
    scale: f64,
    client: Client,
}
// ANCHOR_END: worker

impl Worker {
    /// Takes jobs and does them until the service stops or no job can come.
    // ANCHOR: work
    pub fn work(mut self) {
        let mut last = self.trace.record(Event::WorkerStarted);
        while self.running.is_locked() {
            last = match self.queue.recv_deadline(last + IDLE_TIMEOUT) {
                Ok(job) => {
                    self.trace.record(Event::JobStarted(job));
                    let result = self.client.run(&job, self.scale);
                    self.trace.record(Event::ended(job, result))
                }
                Err(RecvTimeoutError::Timeout) => self.trace.record(Event::NoWork),
                Err(RecvTimeoutError::Disconnected) => break,
            };
        }
        self.trace.record(Event::WorkerFinished);
    }
    // ANCHOR_END: work
}

impl Child for Worker {
    type Preparation = Preparation;

    fn pack(&self) -> io::Result<(Preparation, Vec<BorrowedFd<'_>>)> {
        let (now, shared_now) = now_on_both_clocks()?;
        let origin = shared_now.saturating_sub(now.saturating_duration_since(self.trace.origin()));
        let preparation = Preparation {
            worker: self.trace.worker(),
            running: self.running.place(),
            queue: self.queue.0.place(),
            trace: self.trace.place(),
            origin,
            scale: self.scale,
            echo_port: self.client.port(),
        };
        Ok((preparation, vec![self.trace.memory().as_fd()]))
    }

    fn unpack(preparation: Preparation, files: Vec<OwnedFd>) -> io::Result<Self> {
        let Preparation { worker, running, queue, trace, origin, scale, echo_port } = preparation;
        let wrong = |_| io::Error::new(io::ErrorKind::InvalidData, "a worker is sent one open file");
        let [memory] = <[OwnedFd; 1]>::try_from(files).map_err(wrong)?;
        let memory = Arc::new(Shared::map(memory)?);
        let (now, shared_now) = now_on_both_clocks()?;
        let origin = now.checked_sub(shared_now.saturating_sub(origin)).unwrap_or(now);
        Ok(Self {
            running: Lock::at(&memory, running)?,
            queue: Jobs(Queue::at(&memory, queue)?),
            trace: RecordRing::at(&memory, trace, worker, origin)?,
            scale,
            client: Client::new(echo_port),
        })
    }

    fn run(self) {
        name_this_process(self.trace.worker());
        self.work();
    }
}

/// Gives this process the worker's name, which `ps` and `top` show.
pub fn name_this_process(worker: WorkerId) {
    let name = CString::new(worker.to_string()).expect("a worker's name has no zero byte");
    // The name isn't essential, so an error is ignored.
    let _ = prctl::set_name(&name);
}

/// The queue of jobs with the interface of the channel that worker threads use, so that the code of the workers is the
/// same in both models.
pub struct Jobs(Queue<Job>);

impl Jobs {
    fn recv_deadline(&self, deadline: Instant) -> Result<Job, RecvTimeoutError> {
        // Reading the clock takes as long as taking a job that is there, so try that first.
        let received = match self.0.try_get() {
            Err(GetError::Empty) => self.0.get_timeout(deadline.saturating_duration_since(Instant::now())),
            received => received,
        };
        received.map_err(|error| match error {
            GetError::Empty => RecvTimeoutError::Timeout,
            // A queue with an invalid entry can't be trusted to deliver another job.
            GetError::ShutDown | GetError::Corrupt => RecvTimeoutError::Disconnected,
        })
    }
}

/// The serialized form of a [`Worker`], which is sent to a process that wasn't copied from its parent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preparation {
    worker: WorkerId,
    /// The place of this and the next two in the shared memory.
    running: Place,
    queue: Place,
    trace: Place,
    /// The time at which the service began to start, on the clock that all processes share.
    origin: Duration,
    scale: f64,
    echo_port: Option<u16>,
}

/// The maximum difference between readings of the two clocks that count as simultaneous.
const SAME_MOMENT: Duration = Duration::from_micros(10);

/// Returns the current time on this process's clock and on the system's monotonic clock, which all processes share. An
/// `Instant` is a reading of the second clock, but doesn't reveal its value.
pub(crate) fn now_on_both_clocks() -> io::Result<(Instant, Duration)> {
    loop {
        let now = Instant::now();
        let shared_now = clock_gettime(ClockId::CLOCK_MONOTONIC)?.into();
        // On a busy machine, another process may have run between the two readings.
        if now.elapsed() < SAME_MOMENT {
            return Ok((now, shared_now));
        }
    }
}
