//! Counts records: the jobs that each worker completed, the time it was busy, and the workers that died.
//!
//! A [`Tally`] doesn't store records. A run that prints only its summary counts records where they are
//! [recorded](crate::trace::counted). In other runs, the thread of the views counts the records that it shows.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
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
    workers: BTreeMap<WorkerId, Share>,
}

/// The counts of the records of one worker.
///
/// A worker's records are counted one after another, so each count is loaded, increased, and stored. One atomic addition
/// would do the same with a `lock` prefix, which takes longer. The counts are atomic at all because a
/// [`Recorder`](crate::trace::Recorder) counts through a shared reference, and several threads may have one.
#[derive(Debug, Default)]
pub struct Share {
    begun: AtomicU64,
    completed: AtomicU64,
    died: AtomicU64,
    failed: AtomicU64,
    failure: OnceLock<FailedJob>,
    redelivered: AtomicU64,
    ignored: AtomicU64,
    /// How long the worker has been busy with jobs that it isn't doing any more, in nanoseconds.
    busy: AtomicU64,
    /// When it began the job that it is doing, in nanoseconds, plus 1; or 0 if it isn't doing any.
    started: AtomicU64,
}

impl Share {
    /// Counts one event, which happened at this time.
    #[inline]
    pub fn add(&self, at: Duration, event: &Event) {
        let at = at.as_nanos() as u64;
        match event {
            Event::JobStarted(_) => {
                self.started.store(at.saturating_add(1), Ordering::Relaxed);
                increase(&self.begun, 1);
            }
            Event::JobCompleted(_) => {
                self.stop_work(at);
                increase(&self.completed, 1);
            }
            Event::JobFailed(failed) => {
                self.stop_work(at);
                increase(&self.failed, 1);
                self.failure.get_or_init(|| **failed);
            }
            Event::WorkerDied(_) => {
                self.stop_work(at);
                increase(&self.died, 1);
            }
            Event::JobRedelivered(_) => increase(&self.redelivered, 1),
            Event::ResultIgnored(_) => {
                self.stop_work(at);
                increase(&self.ignored, 1);
            }
            _ => {}
        }
    }

    #[inline]
    fn stop_work(&self, at: u64) {
        if let Some(started) = self.started.load(Ordering::Relaxed).checked_sub(1) {
            increase(&self.busy, at.saturating_sub(started));
            self.started.store(0, Ordering::Relaxed);
        }
    }
}

/// Increases a count. The time of a record may be garbage that a faulty process wrote, so the sum must not overflow.
#[inline]
fn increase(count: &AtomicU64, by: u64) {
    count.store(count.load(Ordering::Relaxed).saturating_add(by), Ordering::Relaxed);
}

impl Tally {
    /// Counts one record.
    pub fn add(&mut self, record: &Record) {
        let Some(id) = record.worker else { return };
        self.workers.entry(id).or_default().add(record.at, &record.event);
    }

    /// Adds the counts of another tally, which must be of other workers.
    pub fn merge(&mut self, other: Self) {
        self.workers.extend(other.workers);
    }

    /// Removes and returns the counts of a worker, so that they can be continued elsewhere and [put back](Self::put_back).
    pub fn take(&mut self, worker: WorkerId) -> Share {
        self.workers.remove(&worker).unwrap_or_default()
    }

    /// Puts back the counts of a worker that were [taken](Self::take).
    pub fn put_back(&mut self, worker: WorkerId, share: Share) {
        self.workers.insert(worker, share);
    }

    fn sum(&self, count: impl Fn(&Share) -> &AtomicU64) -> u64 {
        self.workers.values().map(|share| count(share).load(Ordering::Relaxed)).sum()
    }

    /// How many jobs have been started.
    pub fn begun(&self) -> u64 {
        self.sum(|share| &share.begun)
    }

    /// How many jobs have been completed.
    pub fn completed(&self) -> u64 {
        self.sum(|share| &share.completed)
    }

    /// How many jobs were delivered again, and how many results were ignored.
    pub fn deliveries(&self) -> Deliveries {
        Deliveries { redelivered: self.sum(|share| &share.redelivered), ignored: self.sum(|share| &share.ignored) }
    }

    /// How many workers have died.
    pub fn died(&self) -> u64 {
        self.sum(|share| &share.died)
    }

    /// How many jobs have failed, and one of them.
    pub fn failed(&self) -> (u64, Option<FailedJob>) {
        (self.sum(|share| &share.failed), self.workers.values().find_map(|share| share.failure.get().copied()))
    }

    /// Each worker's share, in order of their numbers.
    pub fn into_shares(self) -> Vec<WorkerSummary> {
        let share = |(id, share): (WorkerId, Share)| WorkerSummary {
            name: id.to_string(),
            completed: share.completed.into_inner(),
            busy_seconds: seconds(Duration::from_nanos(share.busy.into_inner())),
        };
        self.workers.into_iter().map(share).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, Kind};

    #[test]
    fn counts_that_were_taken_go_on_where_they_were() {
        let (id, job) = (WorkerId(1), Job { number: 0, kind: Kind::Cpu, size: 1.0 });
        let mut tally = Tally::default();
        tally.add(&Record { at: Duration::from_secs(1), worker: Some(id), event: Event::JobStarted(job) });
        let share = tally.take(id);
        share.add(Duration::from_secs(3), &Event::WorkerDied(Some(job)));
        tally.put_back(id, share);
        assert_eq!((tally.begun(), tally.completed(), tally.died()), (1, 0, 1));
        let shares = tally.into_shares();
        assert_eq!((&*shares[0].name, shares[0].busy_seconds), ("worker-2", 2.0));
    }

    #[test]
    fn times_that_are_garbage_overflow_nothing() {
        let job = Job { number: 0, kind: Kind::Cpu, size: 1.0 };
        let share = Share::default();
        for seconds in [0, u64::MAX, 0, u64::MAX, 1] {
            share.add(Duration::from_secs(seconds), &Event::JobStarted(job));
            share.add(Duration::from_secs(u64::MAX), &Event::JobCompleted(job));
        }
        assert_eq!(share.completed.into_inner(), 5);
    }
}
