//! Draws the waits that workers record and the actions that affect other workers: as hatched bars, marks on a lane, and
//! lines across all lanes.

use std::fmt::{self, Write};
use std::mem;
use std::time::Duration;

use super::lane::{Action, Lane, Network, What};
use super::svg::{Plot, Tenths};
use super::words::{Xml, about};
use crate::record::Resource;
use crate::view::summary::plural;

/// The least width of a wait. A wait of zero length is invisible.
const LEAST: Tenths = Tenths(0);
/// Marks that are closer than this are merged.
const NEAR: Tenths = Tenths(60);

impl Plot<'_> {
    /// The pattern for waiting for `resource`.
    pub fn hatch(&self, resource: Resource) -> String {
        match self.waits.iter().position(|other| *other == resource) {
            None | Some(0) => format!("url(#{}-waiting)", self.id),
            Some(number @ 1..) => format!("url(#{}-waiting-{number})", self.id),
        }
    }

    /// Draws the waits of a worker.
    pub fn draw_waits(&self, out: &mut String, lane: &Lane) -> fmt::Result {
        for placed in self.place_all(lane.waits.merged(self.pixel()), LEAST) {
            let (x, width, height) = (placed.left, placed.width(), self.bar);
            let What::Wait(resource) = placed.bar.what else { continue };
            let (hatch, text) = (self.hatch(resource), about(&placed.bar, &self.unit));
            write!(out, r#"<rect class="waiting" fill="{hatch}" x="{x}" y="0" width="{width}" height="{height}">"#)?;
            writeln!(out, "<title>{}</title></rect>", Xml(text))?;
        }
        Ok(())
    }

    /// Draws the actions of a worker that affect others, as marks on its lane.
    pub fn draw_actions(&self, out: &mut String, lane: &Lane) -> fmt::Result {
        let mut marks: Vec<(Tenths, Duration, Action, u64)> = Vec::new();
        for (at, action) in &lane.actions {
            let x = self.x(*at);
            match marks.last_mut() {
                _ if matches!(action, Action::Signal(resource) if resource.wakes_all()) => {}
                Some((last, _, first, count))
                    if x.0 - last.0 < NEAR.0 && mem::discriminant(first) == mem::discriminant(action) =>
                {
                    *count += 1
                }
                _ => marks.push((x, *at, *action, 1)),
            }
        }
        for (x, at, action, count) in marks {
            let path = if is_arrival(&action) { put(x) } else { notify(x) };
            let at = self.unit.rounded(at);
            let text = match (action, count) {
                (Action::Put(job), 1) => format!("puts job {} at {at}", job.number),
                (Action::Put(job), jobs) => {
                    format!("puts {} at {at}, the first is {}", plural(jobs, "job"), job.number)
                }
                (Action::Again(job), 1) => format!("takes job {} again at {at}", job.number),
                (Action::Again(job), jobs) => {
                    format!("takes {} again at {at}, the first is {}", plural(jobs, "job"), job.number)
                }
                (Action::Network(Network::Cut), _) => format!("is cut off at {at}"),
                (Action::Network(Network::Restored), _) => format!("is connected again at {at}"),
                (Action::Signal(resource), 1) => format!("{} at {at}", resource.signalled()),
                (Action::Signal(resource), times) => {
                    format!("{} {} from {at} on", resource.signalled(), plural(times, "time"))
                }
            };
            writeln!(out, r#"<path class="action" d="{path}"><title>{text}</title></path>"#)?;
        }
        Ok(())
    }

    /// Draws the actions that affect all workers, as lines across all lanes.
    pub fn draw_signals(&self, out: &mut String) -> fmt::Result {
        let (top, bottom) = (self.top, self.bottom() + 4);
        let mut last = None;
        for (at, worker, action) in self.story.actions() {
            let Action::Signal(resource) = action else { continue };
            let x = self.x(at);
            if resource.wakes_all() && last != Some(x) {
                let text = format!("{worker} {} at {}", resource.signalled(), self.unit.rounded(at));
                writeln!(out, r#"<path class="signal" d="M{x} {top}V{bottom}"><title>{text}</title></path>"#)?;
                last = Some(x);
            }
        }
        Ok(())
    }

    /// A sample of each kind of action in the run, and its description.
    pub fn action_samples(&self) -> Vec<(String, &'static str)> {
        let mut samples: Vec<(String, &str)> = Vec::new();
        for (.., action) in self.story.actions() {
            let sample = match action {
                Action::Put(_) => ("put".to_owned(), "puts a job"),
                Action::Signal(resource) if resource.wakes_all() => ("signal".to_owned(), resource.signalled()),
                Action::Signal(resource) => ("notify".to_owned(), resource.signalled()),
                Action::Again(_) => ("put".to_owned(), "takes a job again"),
                Action::Network(_) => ("notify".to_owned(), "cut off, or back"),
            };
            if !samples.contains(&sample) {
                samples.push(sample);
            }
        }
        samples
    }
}

/// Whether a job arrives, on a queue or at the worker.
fn is_arrival(action: &Action) -> bool {
    matches!(action, Action::Put(_) | Action::Again(_))
}

/// A triangle that points down into the lane.
pub fn put(x: Tenths) -> String {
    format!("M{} -3h10l-5 8z", Tenths(x.0.saturating_sub(50)))
}

/// A diamond on the upper edge of the lane.
pub fn notify(x: Tenths) -> String {
    format!("M{x} -5l5 5l-5 5l-5 -5z")
}
