//! What one worker did, kept as small as a picture of it needs.

use std::time::Duration;

use crate::job::Job;
use crate::trace::{Event, Record};

/// How many bars a lane holds before it looks for some to merge. More than twice the columns of a picture, so that
/// merging always makes room.
const MANY: usize = 4096;

/// The least width of a picture in pixels: nothing shorter than one of so many parts of a run can be seen.
const COLUMNS: u32 = 1000;

/// A stretch of time in which a worker was busy: with one job, or with several that are too short to tell apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub from: Duration,
    pub to: Duration,
    /// The job, or the first of them.
    pub job: Job,
    pub jobs: u64,
    /// How much of the time the jobs took; the rest is pauses that cannot be seen.
    pub busy: Duration,
    pub completed: bool,
}

impl Bar {
    fn is_thin(&self, pixel: Duration) -> bool {
        self.jobs > 1 || self.to - self.from < pixel
    }
}

/// Bars in order of time, none of which overlap.
#[derive(Clone, Debug, Default)]
pub struct Bars(Vec<Bar>);

impl Bars {
    fn push(&mut self, bar: Bar) {
        self.0.push(bar);
        if let ([Bar { to: end, .. }], true) = (&self.0[self.0.len() - 1..], self.0.len() >= MANY) {
            // The run is at least this long, so that this is at most a pixel of the picture.
            self.0 = self.merged(*end / COLUMNS);
        }
    }

    /// The bars as they look when `pixel` is the shortest time to be seen: neighbours that are shorter are one.
    pub fn merged(&self, pixel: Duration) -> Vec<Bar> {
        let mut merged: Vec<Bar> = Vec::new();
        for bar in &self.0 {
            match merged.last_mut() {
                Some(last)
                    if last.is_thin(pixel)
                        && bar.is_thin(pixel)
                        && bar.from - last.to < pixel
                        && last.completed
                        && bar.completed =>
                {
                    last.to = bar.to;
                    last.jobs += bar.jobs;
                    last.busy += bar.busy;
                }
                _ => merged.push(bar.clone()),
            }
        }
        merged
    }
}

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Finished,
    Died,
}

/// What one worker did.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    pub began: Option<Duration>,
    pub ended: Option<(Duration, End)>,
    pub completed: u64,
    pub busy: Duration,
    pub jobs: Bars,
    current: Option<(Job, Duration)>,
    last: Duration,
}

impl Lane {
    /// Adds what the worker did next; its bars are kept only if they are to be `drawn`.
    pub fn add(&mut self, record: &Record, drawn: bool) {
        // A trace from elsewhere may be out of order. A picture of it cannot be.
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
                self.end_job(at, false, drawn);
                self.ended = Some((at, End::Died));
            }
            Event::WorkerFinished => self.ended = Some((at, End::Finished)),
            _ => {}
        }
    }

    /// Ends the job that the worker is at, if it is at one.
    pub fn end_job(&mut self, at: Duration, completed: bool, drawn: bool) {
        let Some((job, from)) = self.current.take() else { return };
        let (to, busy) = (at.max(from), at.saturating_sub(from));
        self.busy += busy;
        if drawn {
            self.jobs.push(Bar { from, to, job, jobs: 1, busy, completed });
        }
    }

    pub fn died(&self) -> bool {
        matches!(self.ended, Some((_, End::Died)))
    }

    /// From when to when there was a worker, in a run that ended at `end`.
    pub fn life(&self, end: Duration) -> Option<(Duration, Duration)> {
        self.began.map(|began| (began, self.ended.map_or(end, |(ended, _)| ended)))
    }

    /// How long the worker waited, in a run that ended at `end`.
    pub fn waited(&self, end: Duration) -> Duration {
        self.life(end).map_or(Duration::ZERO, |(began, ended)| (ended - began).saturating_sub(self.busy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::{job, record};

    fn lane(jobs: impl IntoIterator<Item = (u64, u64)>) -> Lane {
        let mut lane = Lane::default();
        for (number, (from, to)) in (0..).zip(jobs) {
            lane.add(&record(from, 1, Event::JobStarted(job(number))), true);
            lane.add(&record(to, 1, Event::JobCompleted(job(number))), true);
        }
        lane
    }

    fn spans(lane: &Lane, pixel: u64) -> Vec<(u128, u128, u64)> {
        let bars = lane.jobs.merged(Duration::from_millis(pixel));
        bars.iter().map(|bar| (bar.from.as_millis(), bar.to.as_millis(), bar.jobs)).collect()
    }

    #[test]
    fn short_neighbours_are_one_bar_and_what_can_be_seen_stays_apart() {
        let lane = lane([(0, 2), (3, 5), (5, 40), (41, 43), (60, 61)]);
        assert_eq!(spans(&lane, 10), [(0, 5, 2), (5, 40, 1), (41, 43, 1), (60, 61, 1)]);
        assert_eq!(spans(&lane, 1).len(), 5);
        assert_eq!(lane.jobs.merged(Duration::from_millis(10))[0].busy, Duration::from_millis(4));
    }

    #[test]
    fn a_lane_does_not_grow_with_the_number_of_jobs() {
        let lane = lane((0..100_000).map(|number| (10 * number, 10 * number + 9)));
        assert!(lane.jobs.0.len() < MANY);
        assert_eq!(lane.jobs.0.iter().map(|bar| bar.jobs).sum::<u64>(), 100_000);
        assert_eq!((lane.completed, lane.busy), (100_000, Duration::from_secs(900)));
    }

    #[test]
    fn time_goes_forward_also_in_a_trace_that_is_out_of_order() {
        let lane = lane([(50, 20), (10, 60)]);
        assert_eq!(spans(&lane, 0), [(50, 50, 1), (50, 60, 1)]);
    }
}
