//! Counts records: the jobs that each worker completed, the time it was busy, and the workers that died.
//!
//! A [`Tally`] doesn't store records. A run that prints only its summary counts records where they are
//! [recorded](crate::trace::counted). In other runs, the thread of the views counts the records that it shows.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::record::{Deliveries, Event, FailedJob, Record, WorkerId, WorkerSummary, seconds};

/// The counts of the records of a run.
///
/// ```
/// use chapters::job::{Job, Kind};
/// use chapters::record::{Event, WorkerId};
/// use chapters::tally::Tally;
/// use chapters::trace;
///
/// let (trace, records) = trace::channel();
/// let job = Job { number: 0, kind: Kind::Cpu, size: 1.0 };
/// trace.worker(WorkerId(0)).record(Event::JobStarted(job));
/// trace.worker(WorkerId(0)).record(Event::JobCompleted(job));
///
/// let mut tally = Tally::default();
/// records.rest().iter().for_each(|record| tally.add(record));
/// assert_eq!((tally.begun(), tally.completed(), tally.died()), (1, 1, 0));
/// ```
#[derive(Debug, Default)]
pub struct Tally {
    workers: BTreeMap<WorkerId, Worker>,
    begun: u64,
    completed: u64,
    died: u64,
    failed: u64,
    failure: Option<FailedJob>,
    deliveries: Deliveries,
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
        match &record.event {
            Event::JobStarted(_) => {
                worker.started = Some(record.at);
                self.begun += 1;
            }
            Event::JobCompleted(_) => {
                worker.stop_work(record.at);
                worker.completed += 1;
                self.completed += 1;
            }
            Event::JobFailed(failed) => {
                worker.stop_work(record.at);
                self.failed += 1;
                self.failure.get_or_insert(**failed);
            }
            Event::WorkerDied(_) => {
                worker.stop_work(record.at);
                self.died += 1;
            }
            Event::JobRedelivered(_) => self.deliveries.redelivered += 1,
            Event::ResultIgnored(_) => {
                worker.stop_work(record.at);
                self.deliveries.ignored += 1;
            }
            _ => {}
        }
    }

    /// Adds the counts of another tally, which must be of other workers.
    pub fn merge(&mut self, other: Self) {
        self.workers.extend(other.workers);
        self.begun += other.begun;
        self.completed += other.completed;
        self.died += other.died;
        self.failed += other.failed;
        self.failure = self.failure.or(other.failure);
        self.deliveries.redelivered += other.deliveries.redelivered;
        self.deliveries.ignored += other.deliveries.ignored;
    }

    /// How many jobs have been started.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// How many jobs have been completed.
    pub fn completed(&self) -> u64 {
        self.completed
    }

    /// How many jobs were delivered again, and how many results were ignored.
    pub fn deliveries(&self) -> Deliveries {
        self.deliveries
    }

    /// How many workers have died.
    pub fn died(&self) -> u64 {
        self.died
    }

    /// How many jobs have failed, and one of them.
    pub fn failed(&self) -> (u64, Option<FailedJob>) {
        (self.failed, self.failure)
    }

    /// Each worker's share, in order of their numbers.
    pub fn into_shares(self) -> Vec<WorkerSummary> {
        let share = |(id, worker): (WorkerId, Worker)| WorkerSummary {
            name: id.to_string(),
            completed: worker.completed,
            busy_seconds: seconds(worker.busy),
        };
        self.workers.into_iter().map(share).collect()
    }
}
