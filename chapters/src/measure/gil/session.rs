//! One run of the service, and figures about the lock that its records yield.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::time::Duration;

use crate::gil::interpreter::{GilMode, Gils};
use crate::gil::worker;
use crate::job::{Job, Kind};
use crate::random::Seed;
use crate::record::{Event, Record, Summary, WorkerId};
use crate::service::{Outcome, Plan, Run};
use crate::tally::Tally;
use crate::threads::Service;
use crate::trace;
use crate::usage::Usage;
use crate::view::json::Json;
use crate::view::{View, timeline};

/// A run as a picture, and the records that it was drawn from.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub svg: Vec<u8>,
    pub records: Vec<u8>,
}

/// A run that hasn't started yet.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    pub gil: GilMode,
    pub interval: Duration,
    pub plan: Plan,
    pub jobs: &'a [Job],
}

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct Session {
    gil: GilMode,
    run: Run,
    pub summary: Summary,
    records: Vec<Record>,
}

impl Setup<'_> {
    /// Runs the service. Blocks until it has ended.
    ///
    /// # Errors
    ///
    /// If a worker can't be started, or dies.
    pub fn run(&self, seed: &Seed) -> io::Result<Session> {
        let Self { gil, interval, plan, jobs } = self;
        let (seed, jobs_in_all) = (seed.clone(), jobs.len() as u64);
        let run = Run { model: "threads", scene: None, interpreter: None, seed, jobs: jobs_in_all, plan: *plan };
        let (trace, records) = trace::channel();
        let mut service = Service::new(*plan, trace.clone());
        service.add_jobs(jobs.iter().copied());
        let before = Usage::of_this_process();
        // A service stops when its stop handle is dropped, so the handle is kept.
        let mut kept = None;
        let Outcome { left, usage } = worker::run(
            service,
            Gils::new(*gil, *interval),
            Box::new(|stop| {
                kept = Some(stop);
                Ok(())
            }),
        )?;
        let wall = trace.origin().elapsed();
        let usage = usage.since(before);

        let mut records = records.rest();
        let mut tally = Tally::default();
        records.iter().for_each(|record| tally.add(record));
        if tally.died() > 0 {
            return Err(io::Error::other("a worker died"));
        }
        let summary = run.summary(tally, wall, Outcome { left, usage });
        let event = Event::ServiceStopped(Box::new(summary.clone()));
        records.push(Record { at: wall, worker: None, event });
        Ok(Session { gil: *gil, run, summary, records })
    }
}

impl Session {
    /// How long each hold of a lock took, in seconds.
    pub fn holds(&self) -> Vec<f64> {
        let mut since: BTreeMap<Option<WorkerId>, Duration> = BTreeMap::new();
        let mut holds = Vec::new();
        for record in &self.records {
            match record.event {
                Event::GilAcquired => _ = since.insert(record.worker, record.at),
                Event::GilReleased => {
                    holds.extend(since.remove(&record.worker).map(|since| (record.at - since).as_secs_f64()));
                }
                _ => {}
            }
        }
        holds
    }

    /// How often the lock switched from one worker to another; `None` without a lock.
    pub fn switches(&self) -> Option<u64> {
        let takes = self.records.iter().filter(|record| record.event == Event::GilAcquired);
        let takers: Vec<Option<WorkerId>> = takes.map(|record| record.worker).collect();
        match self.gil {
            GilMode::None => None,
            GilMode::One => Some(takers.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64),
            // No other worker uses the lock.
            GilMode::PerWorker => Some(0),
        }
    }

    /// How many I/O-bound jobs were completed per second. If the run has a CPU-bound job, only the time during that job
    /// counts. `None` if that time is zero.
    pub fn waits_per_second(&self) -> Option<f64> {
        let at = |wanted: fn(&Event) -> bool| self.records.iter().find(|record| wanted(&record.event)).map(|it| it.at);
        let cpu_bound = |job: &Job| job.kind == Kind::Cpu;
        let stopping = at(|event| matches!(event, Event::ServiceStopping))?;
        let has_one = self.records.iter().any(|record| record.event.job().is_some_and(cpu_bound));
        let (from, to) = if has_one {
            let from = at(|event| matches!(event, Event::JobStarted(job) if job.kind == Kind::Cpu))?;
            let to = at(|event| matches!(event, Event::JobCompleted(job) if job.kind == Kind::Cpu))?;
            (from, to.min(stopping))
        } else {
            (at(|event| matches!(event, Event::JobStarted(_)))?, stopping)
        };
        let completed = |record: &&Record| matches!(record.event, Event::JobCompleted(job) if job.kind == Kind::Io);
        let count = self.records.iter().filter(completed).filter(|record| (from..=to).contains(&record.at)).count();
        (to > from).then(|| count as f64 / (to - from).as_secs_f64())
    }

    /// A picture of the run, and its records as JSON lines.
    pub fn draw(&self, window: &Range<Duration>) -> io::Result<Picture> {
        let mut records = Vec::new();
        Json::new(self.run.clone(), &mut records, false).show(&self.records)?;
        Ok(Picture { svg: timeline::draw_window(self.run.clone(), &self.records, window).into_bytes(), records })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::median;
    use crate::view::sample::{self, record};

    fn session(gil: GilMode, records: Vec<Record>) -> Session {
        Session { gil, run: sample::run(), summary: sample::summary(), records }
    }

    fn turns() -> Vec<Record> {
        let turns = [(1, 0, 5), (2, 5, 15), (2, 20, 21), (1, 21, 24), (2, 24, 26)];
        let turn =
            |(worker, from, to)| [record(from, worker, Event::GilAcquired), record(to, worker, Event::GilReleased)];
        turns.into_iter().flat_map(turn).collect()
    }

    #[test]
    fn a_switch_is_a_change_of_holder() {
        let one = session(GilMode::One, turns());
        assert_eq!(one.switches(), Some(3));
        assert_eq!(median(one.holds()), Some(0.003));
        assert_eq!(session(GilMode::PerWorker, turns()).switches(), Some(0));
        let none = session(GilMode::None, Vec::new());
        assert_eq!((none.switches(), median(none.holds())), (None, None));
    }

    #[test]
    fn waits_are_counted_while_the_cpu_bound_job_is_under_way() {
        let [busy, wait] = [Kind::Cpu, Kind::Io].map(|kind| Job { kind, ..sample::job(0) });
        let waits = |records: &[(u64, u32, Event)]| {
            let records = records.iter().map(|(at, worker, event)| record(*at, *worker, event.clone())).collect();
            session(GilMode::One, records).waits_per_second()
        };
        let beside = [
            (100, 2, Event::JobStarted(wait)),
            (150, 2, Event::JobCompleted(wait)),
            (200, 1, Event::JobStarted(busy)),
            (300, 2, Event::JobCompleted(wait)),
            (400, 2, Event::JobCompleted(wait)),
            (600, 1, Event::JobCompleted(busy)),
            (700, 2, Event::JobCompleted(wait)),
            (700, 0, Event::ServiceStopping),
        ];
        assert_eq!(waits(&beside), Some(5.0));
        assert_eq!(waits(&[&beside[..2], &beside[7..]].concat()), Some(1.0 / 0.6));
        assert_eq!(waits(&beside[7..]), None, "nobody ever waited");
    }
}
