//! The tour of the queues: the program `chapter-queues`.
//!
//! | part | what is to be seen |
//! | --- | --- |
//! | [`fifo`](Trait::Fifo) | first in, first out |
//! | [`bounded`](Trait::Bounded) | a queue that is full makes its producer wait for its consumers |
//! | [`unbounded`](Trait::Unbounded) | the same without a limit: the producer is done at once, and the queue has it all |
//! | [`lifo`](Trait::Lifo) | last in, first out |
//! | [`priority`](Trait::Priority) | the urgent overtake |
//! | [`simple`](Trait::Simple) | a queue without shutdown: workers are told to stop by an item |
//! | [`join`](Trait::Join) | waiting until all that was put has been done |
//! | [`shutdown`](Trait::Shutdown) | who waits is released on both sides, and what was put is still served |
//! | [`timeout`](Trait::Timeout) | a consumer with nothing to do says so and looks again |
//!
//! The scenes are written three times, in `threads.rs`, `processes.rs` and `coroutines.rs`: compare them.

pub mod coroutines;
#[cfg(target_os = "linux")]
pub mod processes;
pub mod threads;

use std::cmp::Ordering;
use std::io;
use std::process::ExitCode;

use clap::ValueEnum;

use super::{Crew, Part, World, crew};
use crate::demo::Demo;
use crate::job::Job;
use crate::service::Outcome;

/// How many jobs there are for each worker.
const EACH: u64 = 3;
/// How many jobs the queue of `bounded` holds.
const ROOM: usize = 2;
/// How many jobs trickle in where consumers time out.
const TRICKLE: u64 = 3;

/// What there is to show of queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Trait {
    /// First in, first out
    Fifo,
    /// A fast producer waits for slow consumers: backpressure
    Bounded,
    /// The same producer and a queue without limit: everything waits on the queue
    Unbounded,
    /// Last in, first out
    Lifo,
    /// Urgent jobs overtake those that were there before them
    Priority,
    /// The simplest queue, and workers that are told to stop by an item
    Simple,
    /// The producer waits until all that it has put is done
    Join,
    /// Waiters on both sides are released, and what was put is still served
    Shutdown,
    /// An idle consumer says that there is no work, and looks again
    Timeout,
}

impl Part for Trait {
    const PROGRAM: &'static str = "chapter-queues";
    const ABOUT: &'static str = "Shows what queues do, one trait at a time, at work on a small task";

    fn name(self) -> &'static str {
        match self {
            Trait::Fifo => "fifo",
            Trait::Bounded => "bounded",
            Trait::Unbounded => "unbounded",
            Trait::Lifo => "lifo",
            Trait::Priority => "priority",
            Trait::Simple => "simple",
            Trait::Join => "join",
            Trait::Shutdown => "shutdown",
            Trait::Timeout => "timeout",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Trait::Fifo => {
                "worker-1 puts all jobs on a queue, and then works as the others do. They are begun in the order in \
                 which they were put."
            }
            Trait::Bounded => {
                "worker-1 puts jobs on a queue that holds two, as fast as it can, and the others do them. Soon the \
                 queue is full, and worker-1 waits for room: it gets no further ahead than the queue is long."
            }
            Trait::Unbounded => {
                "worker-1 puts the same jobs on a queue without limit, and the others do them. Nothing holds worker-1 up: it \
                 is done at once, and all that it has put waits on the queue."
            }
            Trait::Lifo => {
                "worker-1 puts all jobs on a stack, and then works as the others do. The last is begun first, and the \
                 first last."
            }
            Trait::Priority => {
                "worker-1 puts jobs on a queue, does something else, and then puts a few more that are urgent: the jobs \
                 with the highest numbers. They are begun before all that still wait."
            }
            Trait::Simple => {
                "a queue that only puts and gets. It cannot be shut down, so worker-1 puts one item more for each \
                 worker, which says that no job will come any more."
            }
            Trait::Join => {
                "worker-1 puts jobs on a queue and joins it: it waits until the others have said of each that it is \
                 done, not only begun. Then it does the last job alone."
            }
            Trait::Shutdown => {
                "worker-2 waits for room in a queue that is full, and the others wait for an item in one that is empty. \
                 Then worker-1 shuts both down: all are released at once, worker-2 gets its job back and does it \
                 itself, and the jobs that are in the full queue are still served."
            }
            Trait::Timeout => {
                "worker-1 makes a job ready now and then, and the others have little patience: who has waited too long \
                 says that there is no work, and looks again."
            }
        }
    }

    fn jobs(self, workers: u64) -> u64 {
        match self {
            Trait::Fifo | Trait::Lifo | Trait::Simple => EACH * workers,
            Trait::Bounded | Trait::Unbounded => (EACH + 1) * (workers - 1),
            Trait::Priority => 1 + EACH * workers + (workers - 1),
            Trait::Join => EACH * (workers - 1) + 1,
            Trait::Shutdown => 1 + (workers - 1) + 1,
            Trait::Timeout => 2 * TRICKLE,
        }
    }

    fn missing(self, world: World) -> Option<&'static str> {
        match (self, world) {
            (Trait::Lifo, World::Processes) => Some("processes have no LifoQueue, in Python neither"),
            (Trait::Priority, World::Processes) => Some("processes have no PriorityQueue, in Python neither"),
            (Trait::Simple, World::Coroutines) => Some("coroutines have no SimpleQueue, in Python neither"),
            _ => None,
        }
    }

    fn perform(self, crew: Crew, demo: Demo) -> io::Result<Outcome> {
        let workers = demo.plan.workers as usize;
        match crew {
            Crew::Threads => crew::threads::perform(threads::Stage::new(self, workers), demo),
            #[cfg(target_os = "linux")]
            Crew::Processes(method) => {
                crew::processes::perform(method, |memory| processes::Stage::new(memory, self, workers), demo)
            }
            Crew::Coroutines(runtime) => {
                crew::coroutines::perform(runtime, coroutines::Stage::new(self, workers), demo)
            }
        }
    }
}

/// How many jobs fit into the queue that is full when it is shut down.
fn room(workers: usize) -> usize {
    workers - 1
}

/// A job on a priority queue: what is urgent first, and what is equally urgent in the order of its numbers.
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

/// The program `chapter-queues`, and what the processes run that it starts by its own name.
pub fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(status) = crate::processes::start::child_main::<crew::processes::Actor<processes::Stage>>() {
        return status;
    }
    super::main::<Trait>()
}
