//! A run as a picture: a lane for each worker, its jobs as bars, its waiting hatched.
//!
//! The picture is an SVG file that needs nothing else: it reads well in light and dark, alone, as an image and within a
//! page, on paper, and aloud. Within a page it takes the page's color of text, and its colors of the models if it has
//! some. What each worker did is kept in its `lane`; `svg` draws it, and `words` says it. Under an
//! interpreter lock, `turns` draws over each job when its worker held the lock, which is when it worked. Where workers say
//! what they wait for, hold and do for others, `deeds` and `legend` show that.

mod deeds;
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
    svg::draw(story.finish())
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
        self.out.write_all(svg::draw(self.story.finish()).as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
