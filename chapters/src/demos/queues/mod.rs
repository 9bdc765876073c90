//! The demos of the queues: the program `chapter-queues`.
//!
//! | part | what it shows |
//! | --- | --- |
//! | [`fifo`](QueueDemo::Fifo) | first in, first out |
//! | [`bounded`](QueueDemo::Bounded) | a queue that is full makes its producer wait for its consumers |
//! | [`unbounded`](QueueDemo::Unbounded) | the same without a limit: the producer never waits, and the queue grows |
//! | [`lifo`](QueueDemo::Lifo) | last in, first out |
//! | [`priority`](QueueDemo::Priority) | urgent jobs go first |
//! | [`simple`](QueueDemo::Simple) | a queue without shutdown: a special item stops each worker |
//! | [`join`](QueueDemo::Join) | the producer waits until all its items are processed |
//! | [`shutdown`](QueueDemo::Shutdown) | a shutdown ends the waits on both sides, and the remaining items are still
//! processed |
//! | [`timeout`](QueueDemo::Timeout) | a consumer whose wait times out records that there is no work, and waits again |
//!
//! The scenes are written twice: in `blocking.rs` for threads and processes, and in `coroutines.rs`, so that the two can be
//! compared. `threads.rs` has those that processes lack.

pub mod coroutines;
#[cfg(target_os = "linux")]
pub mod processes;
pub mod threads;

use std::cmp::Ordering;
use std::io;
use std::process::ExitCode;

use clap::ValueEnum;

use super::{Part, Spawner, workers};
use crate::demo::Demo;
use crate::job::Job;
use crate::service::{Model, Outcome};

/// The number of jobs for each worker.
const EACH: u64 = 3;
/// The capacity of the queue of `bounded`.
const ROOM: usize = 2;
/// The number of jobs that arrive slowly while consumers time out.
const TRICKLE: u64 = 3;

/// The parts of `chapter-queues`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum QueueDemo {
    /// First in, first out
    Fifo,
    /// A fast producer waits for slow consumers: backpressure
    Bounded,
    /// The same producer and a queue without a limit: all the jobs wait in the queue
    Unbounded,
    /// Last in, first out
    Lifo,
    /// Urgent jobs overtake those that were added before them
    Priority,
    /// The simplest queue, and workers that stop when they get a special item
    Simple,
    /// The producer waits until all the jobs that it has put are done
    Join,
    /// Waiting producers and consumers get an error, and the jobs in the queue are still done
    Shutdown,
    /// An idle consumer reports that there's no work, and tries again
    Timeout,
}

impl Part for QueueDemo {
    const PROGRAM: &'static str = "chapter-queues";
    const ABOUT: &'static str = "Shows what queues do, one property at a time, at work on a small task";

    fn name(self) -> &'static str {
        match self {
            QueueDemo::Fifo => "fifo",
            QueueDemo::Bounded => "bounded",
            QueueDemo::Unbounded => "unbounded",
            QueueDemo::Lifo => "lifo",
            QueueDemo::Priority => "priority",
            QueueDemo::Simple => "simple",
            QueueDemo::Join => "join",
            QueueDemo::Shutdown => "shutdown",
            QueueDemo::Timeout => "timeout",
        }
    }

    fn about(self) -> &'static str {
        match self {
            QueueDemo::Fifo => {
                "worker-1 puts all the jobs on a queue and then works like the others. The jobs are started in \
                 the order in which they were put."
            }
            QueueDemo::Bounded => {
                "worker-1 puts jobs, as fast as it can, on a queue that has room for two, and the others do them. \
                 The queue is soon full, so worker-1 waits for room and can't get further ahead."
            }
            QueueDemo::Unbounded => {
                "worker-1 puts the same jobs on a queue without a limit, and the others do them. worker-1 never \
                 has to wait, so it's done at once, and all the jobs wait in the queue."
            }
            QueueDemo::Lifo => {
                "worker-1 puts all the jobs on a stack and then works like the others. The last job is started \
                 first, and the first one last."
            }
            QueueDemo::Priority => {
                "worker-1 puts jobs on a queue, does something else, and then puts a few more that are urgent: \
                 the jobs with the highest numbers. They are started before all the jobs that are still waiting."
            }
            QueueDemo::Simple => {
                "a queue that has only put and get. It can't be shut down, so for each worker, worker-1 puts one \
                 more item, which says that there are no more jobs."
            }
            QueueDemo::Join => {
                "worker-1 puts jobs on a queue and joins the queue: it waits until the others have reported that \
                 each job is done, not only started. Then it does the last job alone."
            }
            QueueDemo::Shutdown => {
                "worker-2 waits for room in a full queue, and the others wait for an item in an empty one. Then \
                 worker-1 shuts both queues down. All of them wake up at once, worker-2 gets its job back and \
                 does it itself, and the jobs in the full queue are still done."
            }
            QueueDemo::Timeout => {
                "worker-1 puts a job now and then, and the others wait with a short timeout: a worker whose \
                 timeout expires reports that there's no work, and tries again."
            }
        }
    }

    fn jobs(self, workers: u64) -> u64 {
        match self {
            QueueDemo::Fifo | QueueDemo::Lifo | QueueDemo::Simple => EACH * workers,
            QueueDemo::Bounded | QueueDemo::Unbounded => (EACH + 1) * (workers - 1),
            QueueDemo::Priority => 1 + EACH * workers + (workers - 1),
            QueueDemo::Join => EACH * (workers - 1) + 1,
            QueueDemo::Shutdown => 1 + (workers - 1) + 1,
            QueueDemo::Timeout => 2 * TRICKLE,
        }
    }

    fn missing(self, model: Model) -> Option<&'static str> {
        match (self, model) {
            (QueueDemo::Lifo, Model::Processes) => Some("processes have no LifoQueue, in Python neither"),
            (QueueDemo::Priority, Model::Processes) => Some("processes have no PriorityQueue, in Python neither"),
            (QueueDemo::Simple, Model::Coroutines) => Some("coroutines have no SimpleQueue, in Python neither"),
            _ => None,
        }
    }

    fn perform(self, spawner: Spawner, demo: Demo) -> io::Result<Outcome> {
        let workers = demo.plan.workers as usize;
        match spawner {
            Spawner::Threads => workers::threads::perform(threads::Stage::new(self, workers), demo),
            #[cfg(target_os = "linux")]
            Spawner::Processes(method) => {
                workers::processes::perform(method, |memory| processes::Stage::new(memory, self, workers), demo)
            }
            Spawner::Coroutines(runtime) => {
                workers::coroutines::perform(runtime, coroutines::Stage::new(self, workers), demo)
            }
        }
    }
}

/// The capacity of the queue that is full when it is shut down.
fn room(workers: usize) -> usize {
    workers - 1
}

/// A job on a priority queue. Urgent jobs go first; equally urgent jobs go in the order of their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    urgent: bool,
    job: Job,
}

impl Ticket {
    fn key(&self) -> (bool, u64) {
        (!self.urgent, self.job.number)
    }
}

impl From<Job> for Ticket {
    fn from(job: Job) -> Self {
        Self { urgent: false, job }
    }
}

impl From<Ticket> for Job {
    fn from(ticket: Ticket) -> Self {
        ticket.job
    }
}

impl PartialEq for Ticket {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Ticket {}

impl PartialOrd for Ticket {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ticket {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// The entry point of `chapter-queues`, and of the worker processes that it starts.
pub fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(status) = crate::processes::start::child_main::<workers::processes::Actor<processes::Stage>>() {
        return status;
    }
    super::main::<QueueDemo>()
}
