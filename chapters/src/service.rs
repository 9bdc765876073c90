//! The parts that all services share: the plan of a run, the start and the stop, and the outcome.
//!
//! A service gets a [`Plan`], jobs, and a [`Trace`](crate::trace::Trace) for its records. When all its workers have
//! started, it calls [`OnStarted`] with a [`StopHandle`]; when the last one has ended, it returns an [`Outcome`]. A
//! [`Run`] is the plan together with the rest that identifies a run, and creates its [`Summary`].
//!
//! # Examples
//!
//! Two threads do four jobs:
//!
//! ```
//! use std::time::Duration;
//!
//! use chapters::job::{Kind, jobs};
//! use chapters::service::Plan;
//! use chapters::threads::service::{Service, Worker};
//! use chapters::trace;
//!
//! # fn main() -> std::io::Result<()> {
//! let (trace, records) = trace::channel();
//! let plan = Plan { workers: 2, time: Duration::from_secs(60), scale: 0.001, until_done: true, echo_port: None };
//! let mut service = Service::new(plan, trace);
//! service.add_jobs(jobs(&"1".parse().unwrap(), Kind::Cpu).take(4));
//!
//! let mut kept = None; // dropping the handle would stop the service
//! let on_started = |stop| {
//!     kept = Some(stop);
//!     Ok(())
//! };
//! let outcome = service.run(Box::new(on_started), Worker::work)?;
//! assert_eq!(outcome.left, 0);
//! let completed = records.rest().into_iter().filter(|record| record.event.name() == "job_completed");
//! assert_eq!(completed.count(), 4);
//! # Ok(())
//! # }
//! ```

use std::io;
use std::time::Duration;

use clap::ValueEnum;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::random::Seed;
use crate::record::{Summary, WorkerId, seconds};
use crate::tally::Tally;
use crate::usage::Usage;

/// The time that a worker waits for a job before it reports that it has had nothing to do. Then it waits again.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// A model of concurrency: the kind of worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Model {
    /// Workers that share one memory, as in Python's threading
    #[default]
    Threads,
    /// Workers that share nothing but what they are handed, as in Python's multiprocessing
    Processes,
    /// Workers that take turns on an event loop, as in Python's asyncio
    Coroutines,
    /// Workers on any number of machines, around a replicated broker. The package `machines` has this service.
    #[value(skip)]
    Machines,
}

impl Model {
    /// Its name on the command line and in the records.
    pub fn name(self) -> &'static str {
        match self {
            Model::Threads => "threads",
            Model::Processes => "processes",
            Model::Coroutines => "coroutines",
            Model::Machines => "machines",
        }
    }

    /// The greatest number of workers that a system with default settings can have, or that is useful.
    pub fn most_workers(self) -> u32 {
        match self {
            // Each thread maps its stack, a second one for signal handlers, and a guard page before each. Linux lets a
            // process have 65,530 mappings.
            Model::Threads => 10_000,
            // Linux has 32,768 PIDs unless it is configured otherwise, and a process is the most expensive worker.
            Model::Processes => 10_000,
            // A coroutine is a piece of memory. There could be many more, but a typing error would use up the memory.
            Model::Coroutines => 100_000,
            // Each worker is a process with a connection and a pending request at the broker.
            Model::Machines => 200,
        }
    }
}

/// The plan of a run: a service of any model can carry it out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How many workers take jobs from the queue.
    pub workers: u32,
    /// How long the service runs. In JSON, like all times, in seconds.
    #[serde(serialize_with = "write_seconds", deserialize_with = "read_seconds")]
    pub time: Duration,
    /// The factor by which the work of every job is multiplied.
    pub scale: f64,
    /// Whether to stop as soon as every job is done.
    pub until_done: bool,
    /// The port of the [echo server](crate::echo), if the jobs send requests to one. It isn't part of the JSON.
    #[serde(skip)]
    pub echo_port: Option<u16>,
}

fn write_seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(seconds(*time))
}

fn read_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Stops a running service. Dropping it has the same effect, because nothing could stop the service later.
pub type StopHandle = Box<dyn Fn() + Send>;

/// A callback for the moment at which all workers have started.
///
/// Not before: a process that calls `fork` must not have other threads, and whatever the callback starts has some.
pub type OnStarted<'a> = Box<dyn FnOnce(StopHandle) -> io::Result<()> + 'a>;

/// The result of a service: facts that its records don't contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How many jobs are left on the queue.
    pub left: u64,
    /// The CPU time and memory that all its processes used.
    pub usage: Usage,
}

/// The error of a service that could not start `worker`.
pub fn cannot_start(worker: WorkerId, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot start {worker}: {error}"))
}

/// The identity of a run: everything that is known before it begins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// `threads`, `processes`, `coroutines` or `machines`.
    pub model: &'static str,
    /// The scene, if this is a run of a [demo of one primitive or queue](crate::demos).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene: Option<&'static str>,
    /// The interpreter, if the service is a Python program: `CPython 3.13.0 with the GIL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// The seed of the job sizes.
    pub seed: Seed,
    /// How many jobs there are.
    pub jobs: u64,
    /// The plan of the service.
    #[serde(flatten)]
    pub plan: Plan,
}

impl Run {
    /// A name for headings: `threads`, `barrier with threads`, or `threads in CPython 3.13.0 with the GIL`.
    pub(crate) fn name(&self) -> String {
        let scene = self.scene.map(|scene| format!("{scene} with ")).unwrap_or_default();
        let interpreter = self.interpreter.as_ref().map(|it| format!(" in {it}")).unwrap_or_default();
        format!("{scene}{}{interpreter}", self.model)
    }

    /// Whether a job outlives the worker that was doing it, because a broker delivers it to another one.
    pub(crate) fn survives_workers(&self) -> bool {
        self.model == Model::Machines.name()
    }

    /// Makes the summary of the run, from the counts of its records, its wall time and the outcome of the service.
    pub fn summary(&self, tally: Tally, wall: Duration, outcome: Outcome) -> Summary {
        let completed = tally.completed();
        // The jobs of a scene aren't all on one queue. Those that weren't begun are left.
        let left = if self.scene.is_some() { self.jobs.saturating_sub(tally.begun()) } else { outcome.left };
        Summary {
            model: self.model.to_owned(),
            scene: self.scene.map(str::to_owned),
            interpreter: self.interpreter.clone(),
            seed: self.seed.clone(),
            jobs: self.jobs,
            completed,
            left,
            lost: self.jobs.saturating_sub(completed + left),
            wall_seconds: seconds(wall),
            cpu_seconds: seconds(outcome.usage.cpu),
            peak_rss_bytes: outcome.usage.peak_rss,
            deliveries: self.survives_workers().then(|| tally.deliveries()),
            workers: tally.into_shares(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    #[test]
    fn every_job_is_completed_left_or_lost() {
        let mut tally = Tally::default();
        sample::records().iter().for_each(|record| tally.add(record));
        assert_eq!((tally.completed(), tally.died()), (2, 1));
        let usage = Usage { cpu: Duration::from_millis(1600), peak_rss: 3 << 20 };
        let summary = sample::run().summary(tally, Duration::from_millis(1200), Outcome { left: 1, usage });
        assert_eq!((summary.jobs, summary.completed, summary.left, summary.lost), (4, 2, 1, 1));
        assert_eq!(summary.workers[1].busy_seconds, 0.6, "the job counts that died with its worker");
        assert_eq!(summary, sample::summary());
    }
}
