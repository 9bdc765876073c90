//! What of a run goes into its picture: a lane for each worker, and when the run stopped.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::lane::{Deed, Held, Lane, Lengths};
use crate::record::{Event, Record, Resource, WorkerId};
use crate::service::Run;

/// How many workers a picture has lanes for.
pub const LANES: u32 = 40;
/// The window that shows all of a run.
pub const EVERYTHING: Range<Duration> = Duration::ZERO..Duration::MAX;

/// What a picture says that its records do not tell. What is empty is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// What tells the picture apart from all others on its page: a name without spaces, as an XML id.
    pub id: String,
    /// What it is called, instead of what its records say that it is.
    pub title: String,
    /// What there is to be seen, for those who cannot see it: before what its records tell.
    pub shows: String,
    /// Where it is from: its last line.
    pub source: String,
}

/// What of a run goes into its picture.
#[derive(Debug)]
pub struct Story {
    pub run: Run,
    pub words: Words,
    /// From when to when it is drawn.
    pub window: Range<Duration>,
    pub lanes: BTreeMap<WorkerId, Lane>,
    pub stopping: Option<Duration>,
    pub end: Duration,
    /// How many jobs were left and lost, once that is known.
    pub left_and_lost: Option<(u64, u64)>,
}

impl Story {
    pub fn new(run: Run, window: Range<Duration>) -> Self {
        let words = Words::default();
        Self { run, words, window, lanes: BTreeMap::new(), stopping: None, end: Duration::ZERO, left_and_lost: None }
    }

    pub fn add(&mut self, record: &Record) {
        self.end = self.end.max(record.at);
        match &record.event {
            Event::ServiceStopping => self.stopping = Some(record.at),
            Event::ServiceStopped(summary) => self.left_and_lost = Some((summary.left, summary.lost)),
            _ => {}
        }
        if let Some(worker) = record.worker {
            self.lanes.entry(worker).or_default().add(record, drawn(worker, &self.window));
        }
    }

    /// Ends every lane where the run ended.
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

    /// How long the workers held what they held, each time.
    pub fn lengths(&self) -> BTreeMap<Held, Lengths> {
        let mut all: BTreeMap<Held, Lengths> = BTreeMap::new();
        for (held, lengths) in self.lanes.values().flat_map(|lane| &lane.lengths) {
            all.entry(*held).or_default().add_all(lengths);
        }
        all
    }

    /// How long the workers waited for what, all together; nothing, if they do not say it.
    pub fn waited_for(&self) -> BTreeMap<Resource, Duration> {
        let mut all: BTreeMap<Resource, Duration> = BTreeMap::new();
        for (resource, time) in self.lanes.values().flat_map(|lane| &lane.waited_for) {
            *all.entry(*resource).or_default() += *time;
        }
        all
    }

    /// What the workers did for others, in order of time.
    pub fn deeds(&self) -> Vec<(Duration, WorkerId, Deed)> {
        let deeds = |(worker, lane): (&WorkerId, &'_ Lane)| {
            lane.deeds.iter().map(|(at, deed)| (*at, *worker, *deed)).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.lanes.iter().flat_map(deeds).collect();
        all.sort_by_key(|(at, ..)| *at);
        all
    }

    pub fn workers(&self) -> u64 {
        u64::from(self.run.plan.workers).max(self.lanes.len() as u64)
    }
}

/// What of a worker is drawn: nothing, if the picture has no lane for it.
fn drawn(worker: WorkerId, window: &Range<Duration>) -> &Range<Duration> {
    const NOTHING: Range<Duration> = Duration::MAX..Duration::ZERO;
    if worker.0 < LANES { window } else { &NOTHING }
}
