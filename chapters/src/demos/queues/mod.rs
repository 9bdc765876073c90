//! The demos of the queues: the program `chapter-queues`.
//!
//! | part | what it shows |
//! | --- | --- |
//! | [`fifo`](QueueDemo::Fifo) | first in, first out |
//! | [`bounded`](QueueDemo::Bounded) | a queue that is full makes its producer wait for its consumers |
//! | [`unbounded`](QueueDemo::Unbounded) | the same without a limit: the producer is done at once, and the queue has it all |
//! | [`lifo`](QueueDemo::Lifo) | last in, first out |
//! | [`priority`](QueueDemo::Priority) | the urgent overtake |
//! | [`simple`](QueueDemo::Simple) | a queue without shutdown: an item tells each worker to stop |
//! | [`join`](QueueDemo::Join) | the producer waits until every item it has put is done |
//! | [`shutdown`](QueueDemo::Shutdown) | waiters on both sides are released, and items already on the queue are still
//! served |
//! | [`timeout`](QueueDemo::Timeout) | a consumer whose wait times out records that there is no work, and waits again |
//!
//! The scenes are written three times, in `threads.rs`, `processes.rs`, and `coroutines.rs`, so that they can be
//! compared.

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
    const ABOUT: &'static str = "Shows what queues do, one trait at a time, at work on a small task";

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
                "worker-1 puts all jobs on a queue, and then works as the others do. They are begun in the order in \
                 which they were put."
            }
            QueueDemo::Bounded => {
                "worker-1 puts jobs on a queue that holds two, as fast as it can, and the others do them. Soon the \
                 queue is full, and worker-1 waits for room: it gets no further ahead than the queue is long."
            }
            QueueDemo::Unbounded => {
                "worker-1 puts the same jobs on a queue without limit, and the others do them. Nothing holds worker-1 up: it \
                 is done at once, and all that it has put waits on the queue."
            }
            QueueDemo::Lifo => {
                "worker-1 puts all jobs on a stack, and then works as the others do. The last is begun first, and the \
                 first last."
            }
            QueueDemo::Priority => {
                "worker-1 puts jobs on a queue, does something else, and then puts a few more that are urgent: the jobs \
                 with the highest numbers. They are begun before all that still wait."
            }
            QueueDemo::Simple => {
                "a queue that only puts and gets. It cannot be shut down, so worker-1 puts one item more for each \
                 worker, which says that no job will come any more."
            }
            QueueDemo::Join => {
                "worker-1 puts jobs on a queue and joins it: it waits until the others have said of each that it is \
                 done, not only begun. Then it does the last job alone."
            }
            QueueDemo::Shutdown => {
                "worker-2 waits for room in a queue that is full, and the others wait for an item in one that is empty. \
                 Then worker-1 shuts both down: all are released at once, worker-2 gets its job back and does it \
                 itself, and the jobs that are in the full queue are still served."
            }
            QueueDemo::Timeout => {
                "worker-1 makes a job ready now and then, and the others have little patience: who has waited too long \
                 says that there is no work, and looks again."
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
