//! Collects the parts of a run that its picture shows: a lane for each worker, and the time when the run stopped.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::lane::{Action, Held, Lane, Lengths};
use crate::record::{Event, Record, Resource, WorkerId};
use crate::service::Run;

/// The greatest number of lanes in a picture.
pub const LANES: u32 = 40;
/// The greatest number of events of brokers in a picture.
pub const MARKS: usize = 8;
/// The window that shows the whole run.
pub const EVERYTHING: Range<Duration> = Duration::ZERO..Duration::MAX;

/// Texts of a picture that its records don't contain. Empty texts are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// An XML ID that is unique on the page, without spaces.
    pub id: String,
    /// The title, in place of the one that is made from the records.
    pub title: String,
    /// The beginning of the text alternative, before the part that is made from the records.
    pub shows: String,
    /// The source of the picture, which is its last line.
    pub source: String,
}

/// The parts of a run that its picture shows.
#[derive(Debug)]
pub struct Story {
    pub run: Run,
    pub words: Words,
    /// The period that the picture shows.
    pub window: Range<Duration>,
    pub lanes: BTreeMap<WorkerId, Lane>,
    pub stopping: Option<Duration>,
    pub end: Duration,
    /// What happened to the brokers, if there are any.
    pub brokers: Vec<(Duration, String)>,
    /// The numbers of jobs that were left and lost, as soon as they're known.
    pub left_and_lost: Option<(u64, u64)>,
}

impl Story {
    pub fn new(run: Run, window: Range<Duration>) -> Self {
        let words = Words::default();
        let (lanes, brokers) = (BTreeMap::new(), Vec::new());
        Self { run, words, window, lanes, stopping: None, end: Duration::ZERO, brokers, left_and_lost: None }
    }

    pub fn add(&mut self, record: &Record) {
        self.end = self.end.max(record.at);
        match &record.event {
            Event::ServiceStopping => self.stopping = Some(record.at),
            Event::ServiceStopped(summary) => self.left_and_lost = Some((summary.left, summary.lost)),
            Event::BrokerDied(broker) => self.brokers.push((record.at, format!("{broker} died"))),
            Event::BrokerRestarted(broker) => self.brokers.push((record.at, format!("{broker} was restarted"))),
            Event::LeaderElected(broker) => self.brokers.push((record.at, format!("{broker} was elected"))),
            _ => {}
        }
        if let Some(worker) = record.worker {
            self.lanes.entry(worker).or_default().add(record, drawn(worker, &self.window));
        }
    }

    /// Ends every lane at the end of the run.
    pub fn finish(&mut self) -> &Self {
        for (worker, lane) in &mut self.lanes {
            let drawn = drawn(*worker, &self.window);
            lane.end(self.end, drawn);
        }
        self
    }

    /// The times at which the picture begins and ends.
    pub fn span(&self) -> Range<Duration> {
        let end = self.window.end.min(self.end).max(Duration::from_nanos(1));
        self.window.start.min(end - Duration::from_nanos(1))..end
    }

    /// The lengths of the workers' holds, for each resource.
    pub fn lengths(&self) -> BTreeMap<Held, Lengths> {
        let mut all: BTreeMap<Held, Lengths> = BTreeMap::new();
        for (held, lengths) in self.lanes.values().flat_map(|lane| &lane.lengths) {
            all.entry(*held).or_default().add_all(lengths);
        }
        all
    }

    /// How long the workers waited for each resource, in total. Empty if they didn't record their waits.
    pub fn waited_for(&self) -> BTreeMap<Resource, Duration> {
        let mut all: BTreeMap<Resource, Duration> = BTreeMap::new();
        for (resource, time) in self.lanes.values().flat_map(|lane| &lane.waited_for) {
            *all.entry(*resource).or_default() += *time;
        }
        all
    }

    /// The workers' actions that affect others, in order of time.
    pub fn actions(&self) -> Vec<(Duration, WorkerId, Action)> {
        let actions = |(worker, lane): (&WorkerId, &'_ Lane)| {
            lane.actions.iter().map(|(at, action)| (*at, *worker, *action)).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.lanes.iter().flat_map(actions).collect();
        all.sort_by_key(|(at, ..)| *at);
        all
    }

    pub fn workers(&self) -> u64 {
        u64::from(self.run.plan.workers).max(self.lanes.len() as u64)
    }
}

/// The period in which a worker is drawn. Empty if the picture doesn't have a lane for the worker.
fn drawn(worker: WorkerId, window: &Range<Duration>) -> &Range<Duration> {
    const NOTHING: Range<Duration> = Duration::MAX..Duration::ZERO;
    if worker.0 < LANES { window } else { &NOTHING }
}
