//! A run as a picture: a lane for each worker, its jobs as bars, its waiting hatched.
//!
//! The picture is an SVG file that needs nothing else: it reads well in light and dark, alone, as an image and within a
//! page, on paper, and aloud. Within a page it takes the page's colour of text, and its colours of the models if it has
//! some. What each worker did is kept in its `lane`; `svg` draws it, and `words` says it. Under an
//! interpreter lock, `turns` draws over each job when its worker held the lock, which is when it worked. Where workers say
//! what they wait for, hold and do for others, `deeds` and `legend` show that.

mod deeds;
mod lane;
mod legend;
mod look;
mod svg;
mod turns;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::time::Duration;

use lane::{Deed, Held, Lane, Lengths};
pub(super) use look::Look;
pub use words::Words;
pub(super) use words::Xml;
pub(crate) use words::brief;

use super::View;
use crate::record::{Event, Record, Thing, WorkerId};
use crate::service::Run;

/// How many workers a picture has lanes for.
const LANES: u32 = 40;
/// The window that shows all of a run.
const EVERYTHING: Range<Duration> = Duration::ZERO..Duration::MAX;

/// Draws a run from its records.
///
/// ```
/// use chapters::service::Plan;
/// use chapters::random::Seed;
/// use chapters::view::{Run, timeline};
///
/// let plan = Plan { workers: 4, time: std::time::Duration::from_secs(3), scale: 1.0, until_done: false };
/// let run = Run { model: "threads", scene: None, seed: Seed::from(1), jobs: 0, plan };
/// assert!(timeline::draw(run, &[]).starts_with("<svg "));
/// ```
pub fn draw(run: Run, records: &[Record]) -> String {
    draw_window(run, records, &EVERYTHING)
}

/// Draws what a run was like between two times, as large as a whole run: for what is too fine to be seen in all of it.
pub fn draw_window(run: Run, records: &[Record], window: &Range<Duration>) -> String {
    draw_figure(Words::default(), run, records, window)
}

/// Draws a figure of a page, which says more than its records do.
pub fn draw_figure(words: Words, run: Run, records: &[Record], window: &Range<Duration>) -> String {
    let mut story = Story { words, ..Story::new(run, window.clone()) };
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
        Self { story: Story::new(run, EVERYTHING), out }
    }

    /// Draws what happens in `window` alone.
    pub fn within(mut self, window: Range<Duration>) -> Self {
        self.story.window = window;
        self
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
    words: Words,
    /// From when to when it is drawn.
    window: Range<Duration>,
    lanes: BTreeMap<WorkerId, Lane>,
    stopping: Option<Duration>,
    end: Duration,
    /// How many jobs were left and lost, once that is known.
    left_and_lost: Option<(u64, u64)>,
}

impl Story {
    fn new(run: Run, window: Range<Duration>) -> Self {
        let words = Words::default();
        Self { run, words, window, lanes: BTreeMap::new(), stopping: None, end: Duration::ZERO, left_and_lost: None }
    }

    fn add(&mut self, record: &Record) {
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

    fn draw(&mut self) -> String {
        for (worker, lane) in &mut self.lanes {
            let drawn = drawn(*worker, &self.window);
            lane.end(self.end, drawn);
        }
        svg::draw(self)
    }

    /// The times at which the picture begins and ends.
    fn span(&self) -> Range<Duration> {
        let end = self.window.end.min(self.end).max(Duration::from_nanos(1));
        self.window.start.min(end - Duration::from_nanos(1))..end
    }

    /// How long the workers held what they held, each time.
    fn lengths(&self) -> BTreeMap<Held, Lengths> {
        let mut all: BTreeMap<Held, Lengths> = BTreeMap::new();
        for (held, lengths) in self.lanes.values().flat_map(|lane| &lane.lengths) {
            all.entry(*held).or_default().add_all(lengths);
        }
        all
    }

    /// How long the workers waited for what, all together; nothing, if they do not say it.
    fn waited_for(&self) -> BTreeMap<Thing, Duration> {
        let mut all: BTreeMap<Thing, Duration> = BTreeMap::new();
        for (thing, time) in self.lanes.values().flat_map(|lane| &lane.waited_for) {
            *all.entry(*thing).or_default() += *time;
        }
        all
    }

    /// What the workers did for others, in order of time.
    fn deeds(&self) -> Vec<(Duration, WorkerId, Deed)> {
        let deeds = |(worker, lane): (&WorkerId, &'_ Lane)| {
            lane.deeds.iter().map(|(at, deed)| (*at, *worker, *deed)).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.lanes.iter().flat_map(deeds).collect();
        all.sort_by_key(|(at, ..)| *at);
        all
    }

    fn workers(&self) -> u64 {
        u64::from(self.run.plan.workers).max(self.lanes.len() as u64)
    }
}

/// What of a worker is drawn: nothing, if the picture has no lane for it.
fn drawn(worker: WorkerId, window: &Range<Duration>) -> &Range<Duration> {
    const NOTHING: Range<Duration> = Duration::MAX..Duration::ZERO;
    if worker.0 < LANES { window } else { &NOTHING }
}

#[cfg(test)]
mod tests;
