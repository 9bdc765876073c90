//! Draws a run as a picture: a lane for each worker, with bars for its jobs and hatching for its waits.
//!
//! The picture is a self-contained SVG file. It works with light and dark themes, as a file, as an image and as part of
//! a page, on paper, and with a screen reader. Within a page, it uses the page's text color, and the page's colors of
//! the models if there are any.
//!
//! The module `lane` stores the activity of each worker, `svg` draws it, and `words` describes it. If there is an
//! interpreter lock, `turns` marks the times at which a worker held the lock, and therefore worked. If workers record
//! waits, holds and actions that affect others, `actions` and `legend` show those.

mod actions;
mod lane;
mod legend;
mod story;
mod style;
mod svg;
mod turns;
mod words;

use std::io::{self, Write};
use std::ops::Range;
use std::time::Duration;

pub use story::Words;
use story::{EVERYTHING, Story};
pub use style::Style;
pub(super) use words::Xml;
pub(crate) use words::format_short;

use super::View;
use crate::record::Record;
use crate::service::Run;

/// Draws a run from its records.
///
/// ```
/// use chapters::random::Seed;
/// use chapters::service::{Plan, Run};
/// use chapters::view::timeline;
///
/// let plan = Plan { workers: 4, time: std::time::Duration::from_secs(3), scale: 1.0, until_done: false, echo_port: None };
/// let run = Run { model: "threads", scene: None, interpreter: None, seed: Seed::from(1), jobs: 0, plan };
/// assert!(timeline::draw(run, &[]).starts_with("<svg "));
/// ```
pub fn draw(run: Run, records: &[Record]) -> String {
    draw_window(run, records, &EVERYTHING)
}

/// Draws the part of a run between two times, as large as a whole run. Use it for details that are too small to see
/// otherwise.
pub fn draw_window(run: Run, records: &[Record], window: &Range<Duration>) -> String {
    draw_figure(Words::default(), run, records, window)
}

/// Draws a figure for a page, with text that the records don't contain.
pub fn draw_figure(words: Words, run: Run, records: &[Record], window: &Range<Duration>) -> String {
    let mut story = Story { words, ..Story::new(run, window.clone()) };
    records.iter().for_each(|record| story.add(record));
    svg::draw(story.finish())
}

/// A view that draws the run after it has ended.
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

    /// Limits the picture to `window`.
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
        self.out.write_all(svg::draw(self.story.finish()).as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
