//! The summary of a run: what became of the jobs, who did how much, and what it cost.
//!
//! A [`Tally`] counts while the records go by; at the end it becomes a [`Summary`], which is also a line of JSON and,
//! with [`Display`](std::fmt::Display), a table.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Run;
use crate::demo::Stopped;
use crate::random::Seed;
use crate::trace::{Event, Record, WorkerId, seconds};

/// What became of a run. `jobs = completed + left + lost`, always.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// `threads`, `processes` or `coroutines`.
    pub model: String,
    /// What the sizes of the jobs were made from.
    pub seed: Seed,
    /// How many jobs there were.
    pub jobs: u64,
    /// How many a worker did and said so.
    pub completed: u64,
    /// How many still were on the queue.
    pub left: u64,
    /// How many a worker took and nobody heard of again.
    pub lost: u64,
    /// From the service's start to the end of its last worker.
    pub wall_seconds: f64,
    /// What all processes together used of the processors.
    pub cpu_seconds: f64,
    /// The most memory that was resident, of all processes together. Pages that processes share count for each of them.
    pub peak_rss_bytes: u64,
    /// Each worker's share, in order.
    pub workers: Vec<WorkerSummary>,
}

/// What one worker did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerSummary {
    /// The worker's name.
    pub name: String,
    /// How many jobs it completed.
    pub completed: u64,
    /// How long it was busy with jobs, the one included that it did not complete.
    pub busy_seconds: f64,
}

/// Counts what the records say.
#[derive(Debug, Default)]
pub struct Tally {
    workers: BTreeMap<WorkerId, Worker>,
    completed: u64,
    died: u64,
}

#[derive(Debug, Default)]
struct Worker {
    completed: u64,
    busy: Duration,
    started: Option<Duration>,
}

impl Worker {
    fn stop_work(&mut self, at: Duration) {
        if let Some(started) = self.started.take() {
            self.busy += at.saturating_sub(started);
        }
    }
}

impl Tally {
    /// Counts one record.
    pub fn add(&mut self, record: &Record) {
        let Some(id) = record.worker else { return };
        let worker = self.workers.entry(id).or_default();
        match record.event {
            Event::JobStarted(_) => worker.started = Some(record.at),
            Event::JobCompleted(_) => {
                worker.stop_work(record.at);
                worker.completed += 1;
                self.completed += 1;
            }
            Event::WorkerDied(_) => {
                worker.stop_work(record.at);
                self.died += 1;
            }
            _ => {}
        }
    }

    /// How many jobs have been completed.
    pub fn completed(&self) -> u64 {
        self.completed
    }

    /// How many workers have died.
    pub fn died(&self) -> u64 {
        self.died
    }

    /// What it all comes to, for a run that ended at `wall`.
    pub fn summary(self, run: &Run, wall: Duration, stopped: Stopped) -> Summary {
        let share = |(id, worker): (WorkerId, Worker)| WorkerSummary {
            name: id.to_string(),
            completed: worker.completed,
            busy_seconds: seconds(worker.busy),
        };
        Summary {
            model: run.model.to_owned(),
            seed: run.seed.clone(),
            jobs: run.jobs,
            completed: self.completed,
            left: stopped.left,
            lost: run.jobs.saturating_sub(self.completed + stopped.left),
            wall_seconds: seconds(wall),
            cpu_seconds: seconds(stopped.usage.cpu),
            peak_rss_bytes: stopped.usage.peak_rss,
            workers: self.workers.into_iter().map(share).collect(),
        }
    }
}
