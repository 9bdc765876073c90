//! Draws the picture in SVG.
//!
//! Lengths are in pixels of a picture that is 800 pixels wide, which scales to any width. Positions on the time axis
//! are whole tenths of a pixel, so that bars that don't overlap in time don't overlap in the picture either.

use std::fmt::{self, Display, Write};
use std::ops::Range;
use std::time::Duration;

use super::lane::{Bar, End, Held, Lane, What};
use super::story::{LANES, MARKS, Story};
use super::style::{Shown, Style};
use super::words::{Unit, Xml, about};
use crate::record::{Resource, WorkerId};
use crate::service::Run;
use crate::view::summary::plural;

pub(super) const WIDTH: u64 = 800;
/// Free space all around.
const PADDING: u64 = 8;
/// Free space to the right of the plot: half of the last label on the axis.
const MARGIN: u64 = 24;
const FONT: u64 = 13;
/// The width of a wide letter, for calculating the space that a text needs.
pub(super) const LETTER: u64 = 8;
pub(super) const LINE: u64 = 18;

/// The greatest number of bars with a number and a hover text. In a picture with more bars, the narrower ones don't
/// have them, because the file would be larger than its page.
const NAMED: usize = 800;

/// Tenths of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tenths(pub u64);

impl Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{}", self.0 / 10),
            tenth => write!(f, "{}.{tenth}", self.0 / 10),
        }
    }
}

/// A bar and its place.
pub(super) struct Placed {
    pub left: Tenths,
    pub right: Tenths,
    pub bar: Bar,
}

impl Placed {
    pub fn width(&self) -> Tenths {
        Tenths(self.right.0 - self.left.0)
    }
}

/// The layout of the picture.
pub(super) struct Plot<'a> {
    pub story: &'a Story,
    pub unit: Unit,
    /// The period that the plot shows.
    span: Range<Duration>,
    /// The resources that the workers hold.
    pub held: Vec<Held>,
    /// Whether the workers take turns holding an interpreter lock.
    pub turns: bool,
    /// Whether the workers record the resources that they wait for.
    pub tells: bool,
    /// The resources with recorded waits that are long enough to see.
    pub waits: Vec<Resource>,
    marks: Vec<Mark>,
    pub left: u64,
    pub top: u64,
    /// The distance between the tops of adjacent lanes.
    pitch: u64,
    /// The height of a bar.
    pub bar: u64,
    pub lanes: u64,
    pub id: String,
}

pub(super) fn draw(story: &Story) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = Plot::new(story).draw(&mut text);
    text
}

impl<'a> Plot<'a> {
    fn new(story: &'a Story) -> Self {
        let lanes = story.workers().min(LANES.into());
        let (pitch, bar) = if lanes <= 12 { (26, 20) } else { (17, 14) };
        let names = (1..=lanes).map(|number| format!("worker-{number}").len() as u64).max().unwrap_or(0);
        let left = names * LETTER + 8;
        let span = story.span();
        let id = match &story.words.id {
            id if id.is_empty() => format!("run-{:08x}", fingerprint(story)),
            id => id.clone(),
        };
        let unit = Unit::of(span.end);
        let held: Vec<Held> = story.lengths().into_keys().collect();
        let turns = held.contains(&Held::Gil);
        let marks = marks(story, &span, &unit);
        let tells = !story.waited_for().is_empty();
        let (waits, top) = (Vec::new(), 0);
        let plot = Self { story, unit, span, held, turns, tells, waits, marks, left, top, pitch, bar, lanes, id };
        let visible = |(resource, time): (Resource, Duration)| (time >= plot.pixel()).then_some(resource);
        let waits = story.waited_for().into_iter().filter_map(visible).collect();
        let plot = Self { waits, ..plot };
        let top = LINE * (plot.legend_rows() + plot.marks.len() as u64) + 6;
        Self { top, ..plot }
    }

    fn width(&self) -> u64 {
        WIDTH - MARGIN - self.left
    }

    pub fn bottom(&self) -> u64 {
        self.top + self.lanes * self.pitch
    }

    /// The upper edge of a lane's bars.
    fn y(&self, number: u64) -> u64 {
        self.top + number * self.pitch + (self.pitch - self.bar) / 2
    }

    pub fn x(&self, at: Duration) -> Tenths {
        let since = at.clamp(self.span.start, self.span.end) - self.span.start;
        let tenths = u128::from(10 * self.width()) * since.as_nanos() / self.length().as_nanos();
        Tenths(10 * self.left + tenths as u64)
    }

    fn shows(&self, at: Duration) -> bool {
        (self.span.start..=self.span.end).contains(&at)
    }

    fn length(&self) -> Duration {
        self.span.end - self.span.start
    }

    /// The shortest visible time.
    pub fn pixel(&self) -> Duration {
        self.length() / self.width() as u32
    }

    pub fn lane(&self, number: u64) -> Option<&'a Lane> {
        self.story.lanes.get(&WorkerId(number as u32))
    }

    fn draw(&self, out: &mut String) -> fmt::Result {
        let bars: Vec<Vec<Placed>> = (0..self.lanes).map(|number| self.place(number)).collect();
        let holds: Vec<Vec<Placed>> = (0..self.lanes).map(|number| self.place_holds(number)).collect();
        let [jobs_merged, holds_merged] =
            [&bars, &holds].map(|bars| bars.iter().flatten().any(|placed| placed.bar.count > 1));
        let captions = self.story.captions(self.lanes, &self.unit, jobs_merged, holds_merged);
        let height = self.bottom() + LINE * (captions.len() as u64 + 1) + 2 * PADDING + 4;
        self.head(out, height)?;
        self.legend(out)?;
        self.axis(out)?;
        let narrowest = narrowest(&bars);
        let narrowest_hold = self::narrowest(&holds);
        for (number, (bars, holds)) in (0..).zip(bars.iter().zip(&holds)) {
            self.draw_lane(out, number, bars, narrowest)?;
            self.draw_holds(out, holds, narrowest_hold)?;
            self.draw_inner(out, number)?;
            self.end_lane(out, number)?;
        }
        self.lines(out)?;
        self.draw_signals(out)?;
        self.numbers(out, &bars, &holds, narrowest)?;
        for (line, caption) in (2..).zip(captions) {
            let y = self.bottom() + LINE * line + 4;
            writeln!(out, r#"<text class="caption" x="0" y="{y}">{}</text>"#, Xml(caption))?;
        }
        writeln!(out, "</svg>")
    }

    /// Places every bar, at least a pixel wide unless the next bar needs the space.
    fn place(&self, number: u64) -> Vec<Placed> {
        let bars = self.lane(number).map(|lane| lane.jobs.merged(self.pixel())).unwrap_or_default();
        self.place_all(bars, Tenths(10))
    }

    /// Places every bar, at least `least` wide unless the next bar needs the space.
    pub fn place_all(&self, bars: Vec<Bar>, least: Tenths) -> Vec<Placed> {
        let ends = bars.iter().skip(1).map(|next| self.x(next.from)).chain([Tenths(10 * (WIDTH - MARGIN))]);
        let ends: Vec<Tenths> = ends.collect();
        let place = |(bar, end): (Bar, Tenths)| {
            let left = self.x(bar.from);
            let right = self.x(bar.to).max(Tenths(left.0 + least.0)).min(end).max(left);
            Placed { left, right, bar }
        };
        bars.into_iter().zip(ends).map(place).collect()
    }

    fn head(&self, out: &mut String, height: u64) -> fmt::Result {
        let (id, width) = (&self.id, WIDTH + 2 * PADDING);
        write!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" id="{id}" viewBox="-{PADDING} -{PADDING} {width} {height}" "#
        )?;
        writeln!(out, r#"role="img" aria-labelledby="{id}-title {id}-desc">"#)?;
        writeln!(out, r#"<title id="{id}-title">{}</title>"#, Xml(self.story.title()))?;
        writeln!(out, r#"<desc id="{id}-desc">{}</desc>"#, Xml(self.story.description(&self.unit)))?;
        let shown = Shown {
            turns: self.turns,
            holds: !self.held.is_empty(),
            tells: self.tells,
            waits: self.waits.len(),
            actions: !self.story.actions().is_empty(),
        };
        Style::of(self.story.run.model).write(out, id, FONT, self.bar, shown)
    }

    fn axis(&self, out: &mut String) -> fmt::Result {
        let (top, bottom) = (self.top, self.bottom());
        let step = step(self.length()).as_nanos();
        let first = self.span.start.as_nanos().div_ceil(step);
        let ticks =
            (first..).map(|tick| Duration::from_nanos((tick * step) as u64)).take_while(|at| *at <= self.span.end);
        for at in ticks {
            let (x, label) = (self.x(at), self.unit.exact(at));
            writeln!(out, r#"<path class="grid" d="M{x} {top}V{}"/>"#, bottom + 4)?;
            writeln!(out, r#"<text class="tick" x="{x}" y="{}">{label}</text>"#, bottom + LINE)?;
        }
        Ok(())
    }

    fn draw_lane(&self, out: &mut String, number: u64, bars: &[Placed], narrowest: Tenths) -> fmt::Result {
        let (y, height, middle) = (self.y(number), self.bar, self.bar / 2);
        let text = middle + 5;
        let name = format!("worker-{}", number + 1);
        writeln!(out, r#"<g class="lane" transform="translate(0 {y})">"#)?;
        writeln!(out, r#"<text class="name" x="{}" y="{text}">{name}</text>"#, self.left - 6)?;
        let Some(lane) = self.lane(number) else { return Ok(()) };

        if let Some((began, ended)) = lane.life(self.story.end) {
            let (x, right) = (self.x(began), self.x(ended));
            let (width, waited) = (Tenths(right.0 - x.0), self.unit.rounded(lane.waited(self.story.end)));
            if !self.tells {
                write!(out, r#"<rect class="waiting" fill="url(#{}-waiting)" x="{x}" y="0" "#, self.id)?;
            } else {
                write!(out, r#"<rect class="life" x="{x}" y="0" "#)?;
            }
            writeln!(out, r#"width="{width}" height="{height}"><title>{name} waited {waited} in all</title></rect>"#)?;
            self.draw_waits(out, lane)?;
        }
        let (named, narrow): (Vec<&Placed>, Vec<&Placed>) = bars.iter().partition(|bar| bar.width() >= narrowest);
        for placed in named {
            let Placed { left, bar, .. } = placed;
            let width = placed.width();
            write!(out, r#"<rect class="job" x="{left}" y="0" width="{width}" height="{height}">"#)?;
            writeln!(out, "<title>{}</title></rect>", Xml(about(bar, &self.unit)))?;
        }
        if !narrow.is_empty() {
            let jobs = plural(narrow.iter().map(|placed| placed.bar.count).sum(), "job");
            write!(out, r#"<path class="jobs" d=""#)?;
            narrow.iter().try_for_each(|placed| write!(out, "M{} {middle}h{}", placed.left, placed.width()))?;
            writeln!(out, r#""><title>{jobs} too short to be shown one by one</title></path>"#)?;
        }
        Ok(())
    }

    /// Draws the last elements of a lane, which are above all others.
    fn end_lane(&self, out: &mut String, number: u64) -> fmt::Result {
        if let Some(lane) = self.lane(number) {
            self.draw_actions(out, lane)?;
        }
        if let Some((at, End::Died)) = self.lane(number).and_then(|lane| lane.ended)
            && self.shows(at)
        {
            let name = format!("worker-{}", number + 1);
            let (path, at) = (cross(self.x(at), self.bar / 2), self.unit.rounded(at));
            writeln!(out, r#"<path class="death" d="{path}"><title>{name} died at {at}</title></path>"#)?;
        }
        writeln!(out, "</g>")
    }

    /// Draws the numbers of the jobs, where they fit, above all lines.
    fn numbers(&self, out: &mut String, bars: &[Vec<Placed>], holds: &[Vec<Placed>], narrowest: Tenths) -> fmt::Result {
        writeln!(out, r#"<g class="numbers">"#)?;
        for (number, (bars, holds)) in (0..).zip(bars.iter().zip(holds)) {
            let y = self.y(number) + self.bar / 2 + 5;
            for placed in bars.iter().filter(|placed| placed.width() >= narrowest) {
                let label = match (placed.bar.what, placed.bar.count) {
                    (What::Job(job), 1) => job.number.to_string(),
                    (_, jobs) => format!("{jobs} jobs"),
                };
                let (x, width) = (Tenths((placed.left.0 + placed.right.0) / 2), placed.width());
                if width.0 >= 10 * (LETTER * label.len() as u64 + 4) {
                    let on_hold = !self.turns && holds.iter().any(|hold| (hold.left..=hold.right).contains(&x));
                    let class = if on_hold { r#"class="on-hold" "# } else { "" };
                    writeln!(out, r#"<text {class}x="{x}" y="{y}">{label}</text>"#)?;
                }
            }
        }
        writeln!(out, "</g>")
    }

    fn lines(&self, out: &mut String) -> fmt::Result {
        for (row, Mark { what, at, label }) in (self.legend_rows() + 1..).zip(&self.marks) {
            let (x, y, bottom) = (self.x(*at), LINE * row, self.bottom() + 4);
            let half = LETTER * label.len() as u64 / 2;
            let (place, anchor) = match x.0 / 10 {
                x if x + half > WIDTH => (Tenths(10 * WIDTH), "end"),
                x if x < half => (Tenths(0), "start"),
                _ => (x, "middle"),
            };
            writeln!(out, r#"<path class="{what}" d="M{x} {y}V{bottom}"/>"#)?;
            writeln!(out, r#"<text class="at-{anchor}" x="{place}" y="{}">{label}</text>"#, y - 4)?;
        }
        Ok(())
    }
}

/// A time that concerns all workers.
struct Mark {
    what: &'static str,
    at: Duration,
    label: String,
}

/// The deadline, if the run reached it, and the time when the service stopped, if that is a different one.
fn marks(story: &Story, span: &Range<Duration>, unit: &Unit) -> Vec<Mark> {
    let deadline = story.run.plan.time;
    let mut marks = Vec::new();
    if deadline <= story.end {
        marks.push(Mark { what: "deadline", at: deadline, label: format!("deadline: {}", unit.exact(deadline)) });
    }
    if let Some(at) = story.stopping
        && (marks.is_empty() || at.abs_diff(deadline) > story.end / 100)
    {
        marks.push(Mark { what: "stopping", at, label: format!("stopping: {}", unit.rounded(at)) });
    }
    for (at, what) in story.brokers.iter().take(MARKS) {
        marks.push(Mark { what: "grid", at: *at, label: format!("{what}: {}", unit.rounded(*at)) });
    }
    marks.retain(|mark| (span.start..=span.end).contains(&mark.at));
    marks
}

/// The least width of a bar with a number, chosen so that at most `NAMED` bars have one.
fn narrowest(bars: &[Vec<Placed>]) -> Tenths {
    let mut widths: Vec<Tenths> = bars.iter().flatten().map(Placed::width).collect();
    widths.sort_unstable();
    let least = Tenths(20);
    // Bars as wide as the widest one without a number don't have one either.
    let without = widths.len().checked_sub(NAMED + 1).map(|index| Tenths(widths[index].0 + 1));
    without.map_or(least, |without| without.max(least))
}

/// A round time, of which `length` has at most eight.
fn step(length: Duration) -> Duration {
    let rounds = (0..18).flat_map(|zeros| [1, 2, 5].map(|digit| digit * 10_u64.pow(zeros)));
    let step = rounds.map(Duration::from_nanos).find(|step| length <= *step * 8);
    step.unwrap_or(length)
}

pub(super) fn cross(x: Tenths, y: u64) -> String {
    let (left, top) = (Tenths(x.0.saturating_sub(50)), y.saturating_sub(5));
    format!("M{left} {top}l10 10m0 -10l-10 10")
}

/// A number for the IDs of a picture (FNV-1a), so that several pictures can be on one page.
fn fingerprint(story: &Story) -> u32 {
    let busy: Vec<Duration> = story.lanes.values().map(|lane| lane.busy).collect();
    let Run { model, scene, interpreter, seed, jobs, plan } = &story.run;
    let scene = scene.map(|scene| format!(", scene: {scene:?}")).unwrap_or_default();
    let interpreter = interpreter.as_ref().map(|it| format!(", interpreter: {it:?}")).unwrap_or_default();
    let run = format!("Run {{ model: {model:?}{scene}{interpreter}, seed: {seed:?}, jobs: {jobs:?}, plan: {plan:?} }}");
    let text = format!("{run} {:?} {busy:?} {:?}", story.end, story.window);
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
