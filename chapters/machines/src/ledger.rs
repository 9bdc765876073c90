//! The state of each job, so that every job counts once.
//!
//! With at-least-once delivery, two workers may report the same job. The ledger takes the first result of a job number
//! and marks the others as ignored. That is enough here, because every worker computes the same result for a job. A job
//! with a side effect would need the same check where the effect happens, with the number of the job or of the delivery.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chapters::record::{Event, Record, WorkerId};

use crate::report::Report;

/// The state of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Completed,
    Lost,
}

/// The jobs of a service, and the activity of its workers.
#[derive(Debug)]
pub struct Ledger {
    jobs: Vec<State>,
    open: u64,
    started: u64,
    seen: HashSet<(WorkerId, u64)>,
    workers: HashMap<WorkerId, Worker>,
}

/// The state of a worker, according to its reports.
#[derive(Clone, Copy, Debug, Default)]
pub struct Worker {
    /// The job that it is doing, by its number.
    pub job: Option<u64>,
    /// Whether it has ended as it should.
    pub finished: bool,
    /// The peak of its memory, in bytes.
    pub peak_rss: u64,
    /// The time of its last record.
    last: Duration,
}

impl Ledger {
    /// A ledger of this number of jobs, none of which is done.
    pub fn new(jobs: u64) -> Self {
        let states = vec![State::Open; jobs as usize];
        Self { jobs: states, open: jobs, started: 0, seen: HashSet::new(), workers: HashMap::new() }
    }

    /// Takes the records of a report, unless the same report has come before. Returns those to show: the record of a result
    /// that doesn't count has become [`Event::ResultIgnored`]. No record is later than `now`, when the report arrived.
    pub fn take(&mut self, report: Report, now: Duration) -> Vec<Record> {
        if !self.seen.insert((report.worker, report.number)) {
            return Vec::new();
        }
        let worker = self.workers.entry(report.worker).or_default();
        worker.peak_rss = worker.peak_rss.max(report.peak_rss);
        let mut shown = Vec::with_capacity(report.records.len());
        for mut record in report.records {
            worker.last = record.at.min(now).max(worker.last);
            record.at = worker.last;
            match record.event {
                Event::JobStarted(job) => {
                    self.started += 1;
                    worker.job = Some(job.number);
                }
                // ANCHOR: completed
                Event::JobCompleted(job) => {
                    worker.job = None;
                    match self.jobs.get_mut(job.number as usize) {
                        Some(state @ State::Open) => (*state, self.open) = (State::Completed, self.open - 1),
                        _ => record.event = Event::ResultIgnored(job),
                    }
                }
                // ANCHOR_END: completed
                Event::JobLost(job) => match self.jobs.get_mut(job.number as usize) {
                    Some(state @ State::Open) => (*state, self.open) = (State::Lost, self.open - 1),
                    _ => continue,
                },
                Event::WorkerFinished => worker.finished = true,
                _ => {}
            }
            shown.push(record);
        }
        shown
    }

    /// Whether a job is completed or lost.
    pub fn is_done(&self, job: u64) -> bool {
        self.jobs.get(job as usize).is_none_or(|state| *state != State::Open)
    }

    /// How many jobs are neither completed nor lost.
    pub fn open(&self) -> u64 {
        self.open
    }

    /// How many jobs have been started, counting repetitions.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// A worker that has reported something.
    pub fn worker(&self, id: WorkerId) -> Worker {
        self.workers.get(&id).copied().unwrap_or_default()
    }

    /// The sum of the peaks of all workers' memory, in bytes.
    pub fn peak_rss(&self) -> u64 {
        self.workers.values().map(|worker| worker.peak_rss).sum()
    }
}

#[cfg(test)]
mod tests {
    use chapters::job::{Job, Kind};

    use super::*;

    fn job(number: u64) -> Job {
        Job { number, kind: Kind::Cpu, size: 1.0 }
    }

    fn report(worker: u32, number: u64, events: impl IntoIterator<Item = Event>) -> Report {
        let worker = WorkerId(worker);
        let record = |event| Record { at: Duration::from_secs(1), worker: Some(worker), event };
        Report { worker, number, records: events.into_iter().map(record).collect(), peak_rss: 10 }
    }

    fn events(records: Vec<Record>) -> Vec<Event> {
        records.into_iter().map(|record| record.event).collect()
    }

    const NOW: Duration = Duration::from_secs(5);

    #[test]
    fn the_first_result_of_a_job_counts() {
        let mut ledger = Ledger::new(2);
        let done = || [Event::JobStarted(job(1)), Event::JobCompleted(job(1))];
        assert_eq!(events(ledger.take(report(0, 0, done()), NOW)), done());
        let again = [Event::JobStarted(job(1)), Event::ResultIgnored(job(1))];
        assert_eq!(events(ledger.take(report(1, 0, done()), NOW)), again);
        assert_eq!((ledger.open(), ledger.started(), ledger.peak_rss()), (1, 2, 20));
    }

    #[test]
    fn a_report_that_comes_twice_counts_once() {
        let mut ledger = Ledger::new(1);
        let done = || report(0, 3, [Event::JobCompleted(job(0))]);
        assert_eq!(ledger.take(done(), NOW).len(), 1);
        assert_eq!(ledger.take(done(), NOW), []);
    }

    #[test]
    fn a_job_is_completed_or_lost_and_never_both() {
        let mut ledger = Ledger::new(2);
        let events_of = |ledger: &mut Ledger, number, event| events(ledger.take(report(0, number, [event]), NOW));
        assert_eq!(events_of(&mut ledger, 0, Event::JobLost(job(0))), [Event::JobLost(job(0))]);
        assert_eq!(events_of(&mut ledger, 1, Event::JobCompleted(job(0))), [Event::ResultIgnored(job(0))]);
        assert_eq!(events_of(&mut ledger, 2, Event::JobCompleted(job(1))), [Event::JobCompleted(job(1))]);
        assert_eq!(events_of(&mut ledger, 3, Event::JobLost(job(1))), []);
        assert_eq!(ledger.open(), 0);
    }

    #[test]
    fn a_worker_whose_clock_is_ahead_reports_nothing_from_the_future() {
        let mut ledger = Ledger::new(1);
        let early = Duration::from_millis(10);
        let records = ledger.take(report(0, 0, [Event::WorkerStarted, Event::NoWork]), early);
        assert!(records.iter().all(|record| record.at == early));
    }
}
