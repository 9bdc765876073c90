//! The service, with processes for workers and a queue in memory that they share.

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
use record_ring::Journal;
use serde::{Deserialize, Serialize};

use super::os::shared::{Place, Shared};
use super::os::start::setup::check_descriptors;
use super::os::start::{Child, Method, Starter};
use super::queue::{GetError, PutError};
use super::{Lock, Queue};
use crate::job::Job;
use crate::record::{Event, WorkerId};
use crate::service::{self, IDLE_TIMEOUT, OnStarted, Outcome, Plan};
use crate::trace::Trace;
use crate::usage::Usage;

/// How many bytes of room a job on the queue takes at most.
const JOB: usize = 32;

/// A queue of jobs, and workers that take jobs from it while the service runs.
pub struct Service {
    plan: Plan,
    trace: Trace,
    method: Method,
    /// Locked while the service runs.
    running: Lock,
    memory: Arc<Shared>,
    queue: Queue<Job>,
    workers: Vec<Watched>,
}

impl Service {
    /// Makes a service with room for so many `jobs`, and with no jobs and no workers yet.
    ///
    /// # Errors
    ///
    /// When the system has no memory to share.
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
    /// When there are more than there is room for.
    pub fn add_jobs(&mut self, jobs: impl IntoIterator<Item = Job>) -> Result<(), PutError<Job>> {
        jobs.into_iter().try_for_each(|job| self.queue.try_put(job))
    }

    /// Runs the service until its time is up, it is told to stop, or all workers have ended. Waits until every worker
    /// has ended; one that has begun a job finishes it first.
    ///
    /// `on_started` is called once all workers are there, with a function that tells the service to stop.
    ///
    /// # Errors
    ///
    /// When the service cannot start; the workers that are there are stopped.
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

    fn start(&mut self, starter: &Starter<Worker>) -> io::Result<()> {
        check_descriptors(self.plan.workers as usize)
            .map_err(|(first, error)| service::cannot_start(WorkerId(first as u32), &error))?;
        for id in (0..self.plan.workers).map(WorkerId) {
            let journal = Journal::new(&self.memory, id, self.trace.origin())?;
            let worker = Worker {
                running: self.running.clone(),
                queue: Jobs(self.queue.clone()),
                trace: journal.clone(),
                scale: self.plan.scale,
            };
            let process = starter.start(worker).map_err(|error| service::cannot_start(id, &error))?;
            let trace = self.trace.worker(id);
            self.workers.push(Watched { journal, process, trace, last: Last::default() });
        }
        Ok(())
    }
}

/// What a worker is handed when it starts.
// ANCHOR: worker
pub struct Worker {
    running: Lock,
    queue: Jobs,
    trace: Journal,
    scale: f64,
}
// ANCHOR_END: worker

impl Worker {
    // ANCHOR: work
    fn work(self) {
        let mut last = self.trace.record(Event::WorkerStarted);
        while self.running.is_locked() {
            last = match self.queue.recv_deadline(last + IDLE_TIMEOUT) {
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
}

impl Child for Worker {
    type Preparation = Preparation;

    // ANCHOR: pack
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
        };
        Ok((preparation, vec![self.trace.memory().as_fd()]))
    }
    // ANCHOR_END: pack

    fn unpack(preparation: Preparation, files: Vec<OwnedFd>) -> io::Result<Self> {
        let Preparation { worker, running, queue, trace, origin, scale } = preparation;
        let wrong = |_| io::Error::new(io::ErrorKind::InvalidData, "a worker is sent one open file");
        let [memory] = <[OwnedFd; 1]>::try_from(files).map_err(wrong)?;
        let memory = Arc::new(Shared::map(memory)?);
        let (now, shared_now) = now_on_both_clocks()?;
        let origin = now.checked_sub(shared_now.saturating_sub(origin)).unwrap_or(now);
        Ok(Self {
            running: Lock::at(&memory, running)?,
            queue: Jobs(Queue::at(&memory, queue)?),
            trace: Journal::at(&memory, trace, worker, origin)?,
            scale,
        })
    }

    fn run(self) {
        name_this_process(self.trace.worker());
        self.work();
    }
}

/// Lets `ps` and `top` call this process by the worker's name.
fn name_this_process(worker: WorkerId) {
    let name = CString::new(worker.to_string()).expect("a worker's name has no zero byte");
    // It goes on as well without.
    let _ = prctl::set_name(&name);
}

/// The queue, asked in the words of the channel that a worker thread has, so that a worker is the same in both worlds.
pub struct Jobs(Queue<Job>);

impl Jobs {
    fn recv_deadline(&self, deadline: Instant) -> Result<Job, RecvTimeoutError> {
        let timeout = deadline.saturating_duration_since(Instant::now());
        self.0.get_timeout(timeout).map_err(|error| match error {
            GetError::Empty => RecvTimeoutError::Timeout,
            // Where there is nonsense now, no job can be expected any more.
            GetError::ShutDown | GetError::Corrupt => RecvTimeoutError::Disconnected,
        })
    }
}

/// What a worker is told that was not copied from a process that knows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preparation {
    worker: WorkerId,
    /// Where in the shared memory this and the next two lie.
    running: Place,
    queue: Place,
    trace: Place,
    /// When the service began to start, on the clock that all processes share.
    origin: Duration,
    scale: f64,
}

/// How far apart the two clocks may be read to count as the same moment.
const SAME_MOMENT: Duration = Duration::from_micros(10);

/// The same moment on this process's clock and on the one that all processes share, which the first is taken from but
/// does not show.
pub(crate) fn now_on_both_clocks() -> io::Result<(Instant, Duration)> {
    loop {
        let now = Instant::now();
        let shared_now = clock_gettime(ClockId::CLOCK_MONOTONIC)?.into();
        // On a busy machine, another process may have had its turn in between.
        if now.elapsed() < SAME_MOMENT {
            return Ok((now, shared_now));
        }
    }
}
