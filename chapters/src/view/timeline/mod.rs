//! A run as a picture: a lane for each worker, its jobs as bars, its waiting hatched.
//!
//! The picture is an SVG file that needs nothing else: it reads well in light and dark, alone, as an image and within a
//! page, on paper, and aloud. What each worker did is kept in its `lane`; `svg` draws it, and `words` says it.

mod lane;
mod svg;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use lane::Lane;

use super::{Run, View};
use crate::trace::{Event, Record, WorkerId};

/// How many workers a picture has lanes for.
const LANES: u32 = 40;

/// Draws a run from its records.
///
/// ```
/// use chapters::options::Plan;
/// use chapters::random::Seed;
/// use chapters::view::{Run, timeline};
///
/// let plan = Plan { workers: 4, time: std::time::Duration::from_secs(3), scale: 1.0, until_done: false };
/// let run = Run { model: "threads", seed: Seed::from(1), jobs: 0, plan };
/// assert!(timeline::draw(run, &[]).starts_with("<svg "));
/// ```
pub fn draw(run: Run, records: &[Record]) -> String {
    let mut story = Story::new(run);
    records.iter().for_each(|record| story.add(record));
    story.draw()
}

/// Draws the run when it has ended.
#[derive(Debug)]
pub struct Timeline<W> {
    story: Story,
    out: W,
}

impl<W: Write + Send> Timeline<W> {
    /// Draws to `out`.
    pub fn new(run: Run, out: W) -> Self {
        Self { story: Story::new(run), out }
    }
}

impl<W: Write + Send> View for Timeline<W> {
    fn show(&mut self, records: &[Record]) -> io::Result<()> {
        records.iter().for_each(|record| self.story.add(record));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.write_all(self.story.draw().as_bytes())?;
        self.out.flush()
    }
}

/// What of a run goes into its picture.
#[derive(Debug)]
struct Story {
    run: Run,
    lanes: BTreeMap<WorkerId, Lane>,
    stopping: Option<Duration>,
    end: Duration,
    /// How many jobs were left and lost, once that is known.
    left_and_lost: Option<(u64, u64)>,
}

impl Story {
    fn new(run: Run) -> Self {
        Self { run, lanes: BTreeMap::new(), stopping: None, end: Duration::ZERO, left_and_lost: None }
    }

    fn add(&mut self, record: &Record) {
        self.end = self.end.max(record.at);
        match &record.event {
            Event::ServiceStopping => self.stopping = Some(record.at),
            Event::ServiceStopped(summary) => self.left_and_lost = Some((summary.left, summary.lost)),
            _ => {}
        }
        if let Some(worker) = record.worker {
            self.lanes.entry(worker).or_default().add(record, worker.0 < LANES);
        }
    }

    fn draw(&mut self) -> String {
        for (worker, lane) in &mut self.lanes {
            lane.end_job(self.end, false, worker.0 < LANES);
        }
        svg::draw(self)
    }

    fn workers(&self) -> u64 {
        u64::from(self.run.plan.workers).max(self.lanes.len() as u64)
    }
}

#[cfg(test)]
mod tests;
