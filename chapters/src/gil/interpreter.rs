//! What Python puts between a thread and the machine: an interpreter, which lets one thread in at a time.
//!
//! A worker under a [`Gil`] holds the lock whenever a thread of CPython's would: when it starts, while it takes a job
//! from the queue, and while it computes. It releases the lock while it waits for a job or for the outside world, and
//! on request, at the end of each iteration of a loop. The thread that runs the service isn't a worker and doesn't
//! acquire the lock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use crossbeam::channel::{Receiver, RecvTimeoutError, TryRecvError};

use super::{Gil, GilGuard, ThreadState, Watch};
use crate::job::{Failure, Job, Kind};
use crate::record::Event;
use crate::threads::Client;
use crate::trace::Recorder;

/// Which interpreter lock the workers take turns under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GilMode {
    /// No lock: Rust's threads, and Python's free-threaded build (PEP 703)
    #[default]
    None,
    /// One lock for all workers: CPython's threads
    One,
    /// A lock for each worker: Python's processes, and interpreters in one process (PEP 684)
    PerWorker,
}

/// The locks of a service's workers.
#[derive(Clone, Debug, Default)]
pub enum Gils {
    /// Without locks.
    #[default]
    None,
    /// All workers share this one.
    One(Arc<Gil>),
    /// Each has its own, with this switch interval.
    PerWorker(Duration),
}

impl Gils {
    /// Makes the locks, with a switch interval of `interval`.
    pub fn new(locking: GilMode, interval: Duration) -> Self {
        match locking {
            GilMode::None => Self::None,
            GilMode::One => Self::One(Arc::new(Gil::new(interval))),
            GilMode::PerWorker => Self::PerWorker(interval),
        }
    }

    /// The lock of one more worker.
    pub fn of_a_worker(&self) -> Option<Arc<Gil>> {
        match self {
            Self::None => None,
            Self::One(gil) => Some(Arc::clone(gil)),
            Self::PerWorker(interval) => Some(Arc::new(Gil::new(*interval))),
        }
    }
}

/// Turns are recorded as they begin and end, by the thread that holds the lock: no two holds of a lock overlap.
impl Watch for &Recorder {
    fn acquired(&self) {
        self.record(Event::GilAcquired);
    }

    fn released(&self) {
        self.record(Event::GilReleased);
    }
}

/// The interpreter of a worker, with its lock held. Dropping it releases the lock.
///
/// ```
/// use chapters::gil::Gil;
/// use chapters::job::{Job, Kind};
/// use chapters::gil::interpreter::Interpreter;
/// use chapters::record::WorkerId;
/// use chapters::threads::Client;
/// use chapters::trace;
///
/// # fn main() -> Result<(), chapters::job::Failure> {
/// let (trace, records) = trace::channel();
/// let recorder = trace.worker(WorkerId(0));
/// let gil = Gil::default();
/// let mut thread = gil.attach_watched(&recorder);
/// let mut interpreter = Interpreter::enter(&mut thread);
/// let mut client = Client::new(None);
/// interpreter.run(&Job { number: 0, kind: Kind::Cpu, size: 1.0 }, 0.001, &mut client)?; // computes, and holds the lock
/// interpreter.run(&Job { number: 1, kind: Kind::Io, size: 1.0 }, 0.001, &mut client)?; // releases the GIL while it waits
/// drop(interpreter);
/// let holds: Vec<_> = records.rest().iter().map(|record| record.event.name()).collect();
/// assert_eq!(holds, ["gil_acquired", "gil_released", "gil_acquired", "gil_released"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Interpreter<'a>(GilGuard<'a, &'a Recorder>);

impl<'a> Interpreter<'a> {
    /// Blocks until the thread holds its lock.
    pub fn enter(thread: &'a mut ThreadState<'_, &'a Recorder>) -> Self {
        Self(thread.take())
    }

    /// Does `job`, with a checkpoint after every digest, and releasing the lock while it waits.
    ///
    /// # Errors
    ///
    /// Those of [`Client::run`].
    pub fn run(&mut self, job: &Job, scale: f64, client: &mut Client) -> Result<(), Failure> {
        match job.kind {
            Kind::Cpu => {
                job.run_with(scale, || self.0.checkpoint());
                Ok(())
            }
            Kind::Io | Kind::Net => self.0.allow_threads(|| client.run(job, scale)),
        }
    }

    /// Takes a job from `queue`. Releases the lock only if it has to wait for one, and waits until `deadline` at most.
    ///
    /// # Errors
    ///
    /// If no job came in time, or if the queue is closed.
    pub fn recv_deadline(&mut self, queue: &Receiver<Job>, deadline: Instant) -> Result<Job, RecvTimeoutError> {
        self.0.checkpoint(); // where the worker's loop starts over
        match queue.try_recv() {
            Err(TryRecvError::Empty) => self.0.allow_threads(|| queue.recv_deadline(deadline)),
            taken => taken.map_err(|_| RecvTimeoutError::Disconnected),
        }
    }
}
