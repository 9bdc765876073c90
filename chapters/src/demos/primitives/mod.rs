//! The demos of the primitives: the program `chapter-primitives`.
//!
//! | part | the task | the effect of the primitive |
//! | --- | --- | --- |
//! | [`Lock`](Primitive::Lock) | workers pay into one account, in two steps | keeps the steps of different workers
//! apart |
//! | [`RLock`](Primitive::RLock) | workers print reports of several pages | lets a function that holds it call one that
//! acquires it |
//! | [`Condition`](Primitive::Condition) | some workers build a pile, one carries it away | lets the carrier sleep
//! until the pile is high enough |
//! | [`Event`](Primitive::Event) | a race | starts all workers at once |
//! | [`Semaphore`](Primitive::Semaphore) | cooks share a small kitchen | limits how many are inside |
//! | [`Barrier`](Primitive::Barrier) | rounds that all finish together | starts the next round when all workers have
//! finished |
//!
//! The scenes are written twice: in `blocking.rs` for threads and processes, and in `coroutines.rs`, so that the two can be
//! compared.

pub mod coroutines;
#[cfg(target_os = "linux")]
pub mod processes;
pub mod threads;

use std::io;
use std::process::ExitCode;

use bytemuck::{Pod, Zeroable};
use clap::ValueEnum;

use super::{Part, Spawner, workers};
use crate::demo::Demo;
use crate::job::Job;
use crate::service::{Model, Outcome};

/// How many times each worker repeats its task.
const ROUNDS: u64 = 2;
/// The number of rounds that a barrier separates, and the number of times the pile is carried away.
const LAPS: u64 = 3;
/// The number of pages that each worker prints: a report, and one page more.
const PAGES: u64 = 3;

/// The parts of `chapter-primitives`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Primitive {
    /// Workers pay into one account, in two steps
    Lock,
    /// Workers print reports: a function that holds the lock calls another one that acquires it
    #[value(name = "rlock")]
    RLock,
    /// One worker sleeps until the others have built a pile that is high enough
    Condition,
    /// Workers wait for the start signal, and then all go at once
    Event,
    /// At most half of the workers are in the kitchen
    Semaphore,
    /// No worker begins the next round before all have finished this one
    Barrier,
}

impl Part for Primitive {
    const PROGRAM: &'static str = "chapter-primitives";
    const ABOUT: &'static str = "Shows what each synchronization primitive does, at work on a small task";

    fn name(self) -> &'static str {
        match self {
            Primitive::Lock => "lock",
            Primitive::RLock => "rlock",
            Primitive::Condition => "condition",
            Primitive::Event => "event",
            Primitive::Semaphore => "semaphore",
            Primitive::Barrier => "barrier",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Primitive::Lock => {
                "each worker earns something and pays it into a shared account. A payment reads the balance, \
                 calculates, and writes the new balance, and the lock keeps the other workers out until it's \
                 complete."
            }
            Primitive::RLock => {
                "each worker prints a report of two pages and then a single page. Printing a page acquires the \
                 lock, and so does printing a report, around its pages: the worker that holds an rlock may \
                 acquire it again."
            }
            Primitive::Condition => {
                "worker-1 carries the pile away whenever it's high enough. The others add to the pile and notify \
                 worker-1, which checks the pile when it's notified and sleeps the rest of the time."
            }
            Primitive::Event => {
                "all the workers wait for the start signal, which worker-1 gives when it's ready. Then all go at \
                 once, because an event that has been set stays set."
            }
            Primitive::Semaphore => {
                "workers can prepare a dish anywhere, but to cook it, they need a place in the kitchen, which has \
                 half as many places as there are workers. The semaphore limits how many are in the kitchen."
            }
            Primitive::Barrier => {
                "the workers work in rounds. A worker that's done waits at the barrier, and the last one to \
                 arrive opens it, so no worker begins the next round before all have finished this one."
            }
        }
    }

    fn jobs(self, workers: u64) -> u64 {
        match self {
            Primitive::Lock | Primitive::Semaphore => 2 * ROUNDS * workers,
            Primitive::RLock => PAGES * workers,
            Primitive::Condition => LAPS * (workers - 1) + LAPS,
            Primitive::Event => 1 + workers,
            Primitive::Barrier => LAPS * workers,
        }
    }

    fn missing(self, _: Model) -> Option<&'static str> {
        None
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

/// The value that the lock of [`Primitive::Condition`] guards. It consists of words because processes share it.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Pile {
    /// The height of the pile.
    height: u64,
    /// Nonzero once a worker has died: the pile may then never be high enough.
    abandoned: u64,
}

impl Pile {
    /// Whether the carrier can stop waiting.
    fn is_worth_a_look(&self, load: u64) -> bool {
        self.height >= load || self.abandoned != 0
    }

    /// Takes a load off the pile; `None` if the pile is too low, because a worker has died.
    fn take(&mut self, load: u64) -> Option<()> {
        self.height = self.height.checked_sub(load)?;
        Some(())
    }
}

/// The height at which the pile is carried away: the amount that the builders, all workers but one, add in a round.
fn load(workers: usize) -> u64 {
    workers as u64 - 1
}

/// The number of places in the kitchen.
fn places(workers: usize) -> usize {
    workers / 2
}

/// The jobs of the builders, and those of the carrier.
fn builders_and_carrier(jobs: &[Job]) -> (&[Job], &[Job]) {
    jobs.split_at(jobs.len().saturating_sub(LAPS as usize))
}

/// The earnings of a job, in cents.
fn cents(job: &Job) -> u64 {
    (job.size * 100.0) as u64
}

/// The entry point of `chapter-primitives`, and of the worker processes that it starts.
pub fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(status) = crate::processes::start::child_main::<workers::processes::Actor<processes::Stage>>() {
        return status;
    }
    super::main::<Primitive>()
}
