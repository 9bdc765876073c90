//! The activity of one worker, in a form that is only as large as its picture requires.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use crate::job::Job;
use crate::record::{Event, Record, Resource};

/// The number of bars at which a lane merges those that are too short to see. It's more than twice the number of
/// columns of a picture, so that merging always makes room.
const MANY: usize = 4096;

/// The least width of a picture in pixels. Anything shorter than a run divided by `COLUMNS` is invisible.
const COLUMNS: u32 = 1000;

/// The greatest width, in pixels, of a bar for several holds, so that changes in their density stay visible.
const DENSITY: u32 = 8;

/// A resource or an interpreter lock that a worker holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// The worker's interpreter lock.
    Gil,
    /// Another resource.
    Resource(Resource),
}

/// The meaning of a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// A job.
    Job(Job),
    /// Holding a resource.
    Hold(Held),
    /// Waiting for a resource.
    Wait(Resource),
}

impl What {
    /// Whether both can share a bar.
    fn is_like(&self, other: &Self) -> bool {
        self.is_job() && other.is_job() || self == other
    }

    fn is_job(&self) -> bool {
        matches!(self, What::Job(_))
    }
}

/// A period in which a worker ran a job, held a resource or waited for one; or several periods that are too short to
/// tell apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub from: Duration,
    pub to: Duration,
    /// The meaning of the first period.
    pub what: What,
    /// The number of periods.
    pub count: u64,
    /// The total length of the periods. The rest of the bar is pauses that are too short to see.
    pub busy: Duration,
    pub completed: bool,
}

impl Bar {
    fn is_thin(&self, pixel: Duration) -> bool {
        self.count > 1 || self.to - self.from < pixel
    }

    /// The share of the bar's time that its periods take, from 0 to 1.
    pub fn share(&self) -> f64 {
        if self.to > self.from { self.busy.as_secs_f64() / (self.to - self.from).as_secs_f64() } else { 1.0 }
    }
}

/// Bars in order of time, without overlaps.
#[derive(Clone, Debug, Default)]
pub struct Bars(Vec<Bar>);

impl Bars {
    /// Adds the next bar to a picture that shows the run from `start` on.
    fn push(&mut self, bar: Bar, start: Duration) {
        self.0.push(bar);
        if let ([Bar { to: end, .. }], true) = (&self.0[self.0.len() - 1..], self.0.len() >= MANY) {
            // The picture shows at least the time from `start` to `end`, so the result is at most a pixel.
            self.0 = self.merged(end.saturating_sub(start) / COLUMNS);
        }
    }

    /// The bars of a picture in which `pixel` is the shortest visible time: adjacent bars that are shorter are merged.
    pub fn merged(&self, pixel: Duration) -> Vec<Bar> {
        let mut merged: Vec<Bar> = Vec::new();
        for bar in &self.0 {
            match merged.last_mut() {
                Some(last)
                    if last.what.is_like(&bar.what)
                        && last.is_thin(pixel)
                        && bar.is_thin(pixel)
                        && bar.from - last.to < pixel
                        && last.completed
                        && bar.completed
                        && (bar.what.is_job() || bar.to - last.from < pixel * DENSITY) =>
                {
                    last.to = bar.to;
                    last.count += bar.count;
                    last.busy += bar.busy;
                }
                _ => merged.push(bar.clone()),
            }
        }
        merged
    }
}

/// The lengths of holds, to three digits: precise enough for a median, and its size doesn't grow with the number of
/// holds.
#[derive(Clone, Debug, Default)]
pub struct Lengths(BTreeMap<u64, u64>);

impl Lengths {
    fn add(&mut self, length: Duration) {
        let nanos = length.as_nanos() as u64;
        let unit = 10_u64.pow(nanos.checked_ilog10().unwrap_or(0).saturating_sub(2));
        *self.0.entry(nanos / unit * unit).or_default() += 1;
    }

    pub fn add_all(&mut self, other: &Self) {
        other.0.iter().for_each(|(nanos, count)| *self.0.entry(*nanos).or_default() += count);
    }

    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The median, or the upper one of the two middle lengths.
    pub fn median(&self) -> Option<Duration> {
        let mut before = self.count() / 2;
        let found = self.0.iter().find(|(_, count)| match before.checked_sub(**count) {
            Some(left) => {
                before = left;
                false
            }
            None => true,
        });
        found.map(|(nanos, _)| Duration::from_nanos(*nanos))
    }
}

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Finished,
    Died,
}

/// Whether the network between a worker and its broker carries data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Cut,
    Restored,
}

/// An event on a worker's lane that concerns others, or that others caused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// The worker put this job on a queue.
    Put(Job),
    /// The worker notified those that wait for this resource.
    Signal(Resource),
    /// The worker took a job that had been delivered before.
    Again(Job),
    /// The network between the worker and its broker was cut, or carries data again.
    Network(Network),
}

/// The activity of one worker.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    pub began: Option<Duration>,
    pub ended: Option<(Duration, End)>,
    pub completed: u64,
    pub busy: Duration,
    pub jobs: Bars,
    /// The periods in which it held its interpreter lock or another resource.
    pub holds: Bars,
    /// The periods in which it held another resource, or the same one again, within a hold.
    pub inner: Bars,
    /// The waits that the worker recorded. If there aren't any, the worker waited whenever it didn't have a job.
    pub waits: Bars,
    /// The actions that affect others, as far as they are drawn.
    pub actions: Vec<(Duration, Action)>,
    pub lengths: BTreeMap<Held, Lengths>,
    /// How long the worker waited for each resource, as far as it recorded that.
    pub waited_for: BTreeMap<Resource, Duration>,
    current: Option<(Job, Duration)>,
    waiting: Option<(Resource, Duration)>,
    held: Vec<(Held, Duration)>,
    last: Duration,
}

impl Lane {
    /// Adds the worker's next record. Bars are kept only if they lie within the time that is `drawn`.
    pub fn add(&mut self, record: &Record, drawn: &Range<Duration>) {
        // A trace from another program may be out of order, but the bars of a picture can't be.
        let at = record.at.max(self.last);
        self.last = at;
        self.began.get_or_insert(at);
        match record.event {
            Event::JobStarted(job) => self.current = Some((job, at)),
            Event::JobCompleted(_) => {
                self.completed += 1;
                self.end_job(at, true, drawn);
            }
            Event::WorkerDied(_) => {
                self.end(at, drawn);
                self.ended = Some((at, End::Died));
            }
            Event::GilAcquired => self.held.push((Held::Gil, at)),
            Event::Acquired(resource) => self.held.push((Held::Resource(resource), at)),
            Event::GilReleased | Event::Released(_) => self.end_hold(at, drawn),
            Event::WaitStarted(resource) => self.waiting = Some((resource, at)),
            Event::WaitEnded(_) => self.end_wait(at, drawn),
            Event::JobPut(job) => self.add_action(at, Action::Put(job), drawn),
            Event::Signalled(resource) => self.add_action(at, Action::Signal(resource), drawn),
            Event::JobFailed(_) | Event::ResultIgnored(_) => self.end_job(at, false, drawn),
            Event::JobRedelivered(job) => self.add_action(at, Action::Again(job), drawn),
            Event::NetworkCut => self.add_action(at, Action::Network(Network::Cut), drawn),
            Event::NetworkRestored => self.add_action(at, Action::Network(Network::Restored), drawn),
            Event::WorkerFinished => self.ended = Some((at, End::Finished)),
            _ => {}
        }
    }

    /// Ends the worker's job, wait and holds.
    pub fn end(&mut self, at: Duration, drawn: &Range<Duration>) {
        self.end_job(at, false, drawn);
        self.end_wait(at, drawn);
        while !self.held.is_empty() {
            self.end_hold(at, drawn);
        }
    }

    /// Ends the worker's current job, if there is one.
    fn end_job(&mut self, at: Duration, completed: bool, drawn: &Range<Duration>) {
        let Some((job, from)) = self.current.take() else { return };
        let (to, busy) = (at.max(from), at.saturating_sub(from));
        self.busy += busy;
        if drawn.start <= to && from < drawn.end {
            self.jobs.push(Bar { from, to, what: What::Job(job), count: 1, busy, completed }, drawn.start);
        }
    }

    /// Ends the innermost hold, if there is one.
    fn end_hold(&mut self, to: Duration, drawn: &Range<Duration>) {
        let Some((held, from)) = self.held.pop() else { return };
        let busy = to.saturating_sub(from);
        self.lengths.entry(held).or_default().add(busy);
        if drawn.start <= to && from < drawn.end {
            let bars = if self.held.is_empty() { &mut self.holds } else { &mut self.inner };
            bars.push(Bar { from, to, what: What::Hold(held), count: 1, busy, completed: true }, drawn.start);
        }
    }

    /// Ends the worker's wait, if there is one.
    fn end_wait(&mut self, to: Duration, drawn: &Range<Duration>) {
        let Some((resource, from)) = self.waiting.take() else { return };
        let busy = to.saturating_sub(from);
        *self.waited_for.entry(resource).or_default() += busy;
        if drawn.start <= to && from < drawn.end {
            self.waits.push(Bar { from, to, what: What::Wait(resource), count: 1, busy, completed: true }, drawn.start);
        }
    }

    fn add_action(&mut self, at: Duration, action: Action, drawn: &Range<Duration>) {
        if drawn.contains(&at) && self.actions.len() < MANY {
            self.actions.push((at, action));
        }
    }

    /// Whether a hold ever started within another one.
    pub fn holds_again(&self) -> bool {
        !self.inner.0.is_empty()
    }

    pub fn died(&self) -> bool {
        matches!(self.ended, Some((_, End::Died)))
    }

    /// The times at which the worker started and ended, in a run that ended at `end`.
    pub fn life(&self, end: Duration) -> Option<(Duration, Duration)> {
        self.began.map(|began| (began, self.ended.map_or(end, |(ended, _)| ended)))
    }

    /// How long the worker waited, in a run that ended at `end`.
    pub fn waited(&self, end: Duration) -> Duration {
        if !self.waited_for.is_empty() {
            return self.waited_for.values().sum();
        }
        self.life(end).map_or(Duration::ZERO, |(began, ended)| (ended - began).saturating_sub(self.busy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::{job, record};

    const ALL: Range<Duration> = Duration::ZERO..Duration::MAX;

    fn lane(jobs: impl IntoIterator<Item = (u64, u64)>) -> Lane {
        let mut lane = Lane::default();
        for (number, (from, to)) in (0..).zip(jobs) {
            lane.add(&record(from, 1, Event::JobStarted(job(number))), &ALL);
            lane.add(&record(to, 1, Event::JobCompleted(job(number))), &ALL);
        }
        lane
    }

    fn spans(lane: &Lane, pixel: u64) -> Vec<(u128, u128, u64)> {
        let bars = lane.jobs.merged(Duration::from_millis(pixel));
        bars.iter().map(|bar| (bar.from.as_millis(), bar.to.as_millis(), bar.count)).collect()
    }

    #[test]
    fn short_neighbors_are_one_bar_and_what_can_be_seen_stays_apart() {
        let lane = lane([(0, 2), (3, 5), (5, 40), (41, 43), (60, 61)]);
        assert_eq!(spans(&lane, 10), [(0, 5, 2), (5, 40, 1), (41, 43, 1), (60, 61, 1)]);
        assert_eq!(spans(&lane, 1).len(), 5);
        assert_eq!(lane.jobs.merged(Duration::from_millis(10))[0].busy, Duration::from_millis(4));
    }

    #[test]
    fn a_lane_does_not_grow_with_the_number_of_jobs() {
        let lane = lane((0..100_000).map(|number| (10 * number, 10 * number + 9)));
        assert!(lane.jobs.0.len() < MANY);
        assert_eq!(lane.jobs.0.iter().map(|bar| bar.count).sum::<u64>(), 100_000);
        assert_eq!((lane.completed, lane.busy), (100_000, Duration::from_secs(900)));
    }

    fn holds(holds: impl IntoIterator<Item = (u64, u64)>) -> Lane {
        let mut lane = Lane::default();
        for (from, to) in holds {
            lane.add(&record(from, 1, Event::GilAcquired), &ALL);
            lane.add(&record(to, 1, Event::GilReleased), &ALL);
        }
        lane
    }

    #[test]
    fn holds_too_short_to_tell_apart_keep_their_density() {
        // A hundred in a row that take half of the time, and then some that take a fifth.
        let dense = (0..100).map(|number| (10 * number, 10 * number + 5));
        let sparse = (0..100).map(|number| (1000 + 10 * number, 1000 + 10 * number + 2));
        let bars = holds(dense.chain(sparse)).holds.merged(Duration::from_millis(20));
        assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), 200);
        assert!(bars.len() < 20, "{bars:?}");
        assert!((0.5..0.53).contains(&bars[0].share()), "{:?}", bars[0]);
        assert!((0.2..0.23).contains(&bars[bars.len() - 1].share()), "{bars:?}");
    }

    #[test]
    fn the_median_of_any_number_of_holds_is_known_to_three_digits() {
        let lane = holds((0..10_001).map(|number| (100_000 * number, 100_000 * number + number)));
        let lengths = &lane.lengths[&Held::Gil];
        assert_eq!(lengths.count(), 10_001);
        assert_eq!(lengths.median(), Some(Duration::from_secs(5)));
        assert!(lengths.0.len() < 3000, "{}", lengths.0.len());
        assert!(lane.holds.0.len() < MANY);
        assert_eq!((holds([]).lengths.len(), Lengths::default().median()), (0, None));
    }

    #[test]
    fn only_what_is_within_the_window_is_kept() {
        let mut lane = Lane::default();
        let window = Duration::from_millis(20)..Duration::from_millis(50);
        for (number, (from, to)) in (0..).zip([(0, 10), (10, 30), (30, 40), (40, 60), (60, 70)]) {
            lane.add(&record(from, 1, Event::JobStarted(job(number))), &window);
            lane.add(&record(to, 1, Event::JobCompleted(job(number))), &window);
        }
        assert_eq!(spans(&lane, 0), [(10, 30, 1), (30, 40, 1), (40, 60, 1)]);
        assert_eq!(lane.completed, 5);
    }

    #[test]
    fn time_goes_forward_also_in_a_trace_that_is_out_of_order() {
        let lane = lane([(50, 20), (10, 60)]);
        assert_eq!(spans(&lane, 0), [(50, 50, 1), (50, 60, 1)]);
    }
}
