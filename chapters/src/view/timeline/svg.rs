//! The picture itself, in SVG.
//!
//! Lengths are in pixels of a picture that is 800 wide; it scales to any width. Along the time axis they are counted in
//! whole tenths, so that bars that do not overlap in time do not overlap on paper either.

use std::fmt::{self, Display, Write};
use std::time::Duration;

use super::lane::{Bar, End, Lane};
use super::words::{Unit, Xml, about};
use super::{LANES, Story};
use crate::trace::WorkerId;
use crate::view::summary::counted;

const WIDTH: u64 = 800;
/// Free space all around.
const PADDING: u64 = 8;
/// Free space to the right of the plot: half of the last label on the axis.
const MARGIN: u64 = 24;
const FONT: u64 = 13;
/// A wide letter's width: room for a text is counted in these.
const LETTER: u64 = 8;
const LINE: u64 = 18;

/// How many bars have a number and a hover text. The narrower ones of a busy picture go without, or it would weigh more
/// than the page that it is on.
const NAMED: usize = 800;

/// How bars look: in colours that colour-blind readers can tell apart (Okabe and Ito's), and in outlines for print.
struct Look {
    fill: &'static str,
    number: &'static str,
    dashes: &'static str,
    corner: u64,
}

fn look(model: &str) -> Look {
    match model {
        "threads" => Look { fill: "#0072B2", number: "#fff", dashes: "none", corner: 0 },
        "processes" => Look { fill: "#D55E00", number: "#000", dashes: "5 2", corner: 0 },
        "coroutines" => Look { fill: "#009E73", number: "#000", dashes: "1 1.5", corner: 6 },
        _ => Look { fill: "#767676", number: "#fff", dashes: "none", corner: 0 },
    }
}

/// Tenths of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tenths(u64);

impl Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{}", self.0 / 10),
            tenth => write!(f, "{}.{tenth}", self.0 / 10),
        }
    }
}

/// A bar and its place.
struct Placed {
    left: Tenths,
    right: Tenths,
    bar: Bar,
}

impl Placed {
    fn width(&self) -> Tenths {
        Tenths(self.right.0 - self.left.0)
    }
}

/// Where things go.
struct Plot<'a> {
    story: &'a Story,
    unit: Unit,
    length: Duration,
    marks: Vec<Mark>,
    left: u64,
    top: u64,
    /// From lane to lane.
    pitch: u64,
    /// How high a bar is.
    bar: u64,
    lanes: u64,
    id: String,
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
        let length = story.end.max(Duration::from_nanos(1));
        let id = format!("run-{:08x}", fingerprint(story));
        let unit = Unit::of(length);
        let marks = marks(story, &unit);
        let top = LINE * (1 + marks.len() as u64) + 6;
        Self { story, unit, length, marks, left, top, pitch, bar, lanes, id }
    }

    fn width(&self) -> u64 {
        WIDTH - MARGIN - self.left
    }

    fn bottom(&self) -> u64 {
        self.top + self.lanes * self.pitch
    }

    /// The upper edge of a lane's bars.
    fn y(&self, number: u64) -> u64 {
        self.top + number * self.pitch + (self.pitch - self.bar) / 2
    }

    fn x(&self, at: Duration) -> Tenths {
        let tenths = u128::from(10 * self.width()) * at.min(self.length).as_nanos() / self.length.as_nanos();
        Tenths(10 * self.left + tenths as u64)
    }

    fn lane(&self, number: u64) -> Option<&'a Lane> {
        self.story.lanes.get(&WorkerId(number as u32))
    }

    fn draw(&self, out: &mut String) -> fmt::Result {
        let bars: Vec<Vec<Placed>> = (0..self.lanes).map(|number| self.place(number)).collect();
        let merged = bars.iter().flatten().any(|placed| placed.bar.jobs > 1);
        let captions = self.story.captions(self.lanes, merged);
        let height = self.bottom() + LINE * (captions.len() as u64 + 1) + 2 * PADDING + 4;
        self.head(out, height)?;
        self.legend(out)?;
        self.axis(out)?;
        let narrowest = narrowest(&bars);
        for (number, bars) in (0..).zip(&bars) {
            self.draw_lane(out, number, bars, narrowest)?;
        }
        self.lines(out)?;
        self.numbers(out, &bars, narrowest)?;
        for (line, caption) in (2..).zip(captions) {
            let y = self.bottom() + LINE * line + 4;
            writeln!(out, r#"<text class="caption" x="0" y="{y}">{}</text>"#, Xml(caption))?;
        }
        writeln!(out, "</svg>")
    }

    /// Gives every bar its place: at least a pixel, unless the next bar needs it.
    fn place(&self, number: u64) -> Vec<Placed> {
        let pixel = self.length / self.width() as u32;
        let bars = self.lane(number).map(|lane| lane.jobs.merged(pixel)).unwrap_or_default();
        let ends = bars.iter().skip(1).map(|next| self.x(next.from)).chain([Tenths(10 * (WIDTH - MARGIN))]);
        let ends: Vec<Tenths> = ends.collect();
        let place = |(bar, end): (Bar, Tenths)| {
            let left = self.x(bar.from);
            let right = self.x(bar.to).max(Tenths(left.0 + 10)).min(end).max(left);
            Placed { left, right, bar }
        };
        bars.into_iter().zip(ends).map(place).collect()
    }

    fn head(&self, out: &mut String, height: u64) -> fmt::Result {
        let (id, bar) = (&self.id, self.bar);
        let Look { fill, number, dashes, corner } = look(self.story.run.model);
        writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" id="{id}" viewBox="-{PADDING} -{PADDING} {} {height}" role="img" aria-labelledby="{id}-title {id}-desc">
<title id="{id}-title">{}</title>
<desc id="{id}-desc">{}</desc>
<style>
#{id}{{font:{FONT}px system-ui,sans-serif}}
#{id}:root{{color:#1f2328;background:#fff}}
@media (prefers-color-scheme:dark){{#{id}:root{{color:#dfe2e7;background:#1b1e23}}}}
@media print{{#{id}:root{{color:#000;background:none}}#{id}{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}}}
#{id} text{{fill:currentColor}}
#{id} .job{{fill:{fill};stroke:currentColor;stroke-dasharray:{dashes};rx:{corner}px}}
#{id} .jobs{{stroke:{fill};stroke-width:{bar};fill:none}}
#{id} .numbers{{text-anchor:middle;pointer-events:none;stroke:{fill};stroke-width:4;paint-order:stroke}}
#{id} .numbers text{{fill:{number}}}
#{id} .name,#{id} .at-end{{text-anchor:end}}
#{id} .tick,#{id} .at-middle{{text-anchor:middle}}
#{id} .grid{{stroke:currentColor;stroke-opacity:.2}}
#{id} .deadline{{stroke:currentColor;stroke-width:1.5;stroke-dasharray:6 4}}
#{id} .stopping{{stroke:currentColor;stroke-width:1.5;stroke-dasharray:2 3}}
#{id} .death{{stroke:currentColor;stroke-width:3;fill:none}}
#{id} .stripe{{stroke:currentColor;stroke-opacity:.6}}
#{id} .waiting{{stroke:currentColor;stroke-opacity:.3}}
</style>
<pattern id="{id}-waiting" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="stripe" d="M0 0V5"/></pattern>"#,
            WIDTH + 2 * PADDING,
            Xml(self.story.title()),
            Xml(self.story.description(&self.unit)),
        )
    }

    fn legend(&self, out: &mut String) -> fmt::Result {
        let (left, id) = (self.left, &self.id);
        writeln!(out, r#"<rect class="job" x="{left}" y="2" width="26" height="12"/>"#)?;
        writeln!(out, r#"<text x="{}" y="12">a job</text>"#, left + 32)?;
        let (x, text) = (left + 90, left + 122);
        writeln!(out, r#"<rect fill="url(#{id}-waiting)" x="{x}" y="2" width="26" height="12"/>"#)?;
        writeln!(out, r#"<text x="{text}" y="12">waiting</text>"#)?;
        if self.story.lanes.values().any(Lane::died) {
            writeln!(out, r#"<path class="death" d="{}"/>"#, cross(Tenths(10 * (left + 210)), 8))?;
            writeln!(out, r#"<text x="{}" y="12">died</text>"#, left + 222)?;
        }
        Ok(())
    }

    fn axis(&self, out: &mut String) -> fmt::Result {
        let (top, bottom) = (self.top, self.bottom());
        let step = step(self.length);
        let ticks = (0..).map(|tick| step * tick).take_while(|at| *at <= self.length);
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
        let Some(lane) = self.lane(number) else { return writeln!(out, "</g>") };

        if let Some((began, ended)) = lane.life(self.story.end) {
            let (x, right) = (self.x(began), self.x(ended));
            let (width, waited) = (Tenths(right.0 - x.0), self.unit.rounded(lane.waited(self.story.end)));
            write!(out, r#"<rect class="waiting" fill="url(#{}-waiting)" x="{x}" y="0" "#, self.id)?;
            writeln!(out, r#"width="{width}" height="{height}"><title>{name} waited {waited} in all</title></rect>"#)?;
        }
        let (named, narrow): (Vec<&Placed>, Vec<&Placed>) = bars.iter().partition(|bar| bar.width() >= narrowest);
        for placed in named {
            let Placed { left, bar, .. } = placed;
            let width = placed.width();
            write!(out, r#"<rect class="job" x="{left}" y="0" width="{width}" height="{height}">"#)?;
            writeln!(out, "<title>{}</title></rect>", Xml(about(bar, &self.unit)))?;
        }
        if !narrow.is_empty() {
            let jobs = counted(narrow.iter().map(|placed| placed.bar.jobs).sum(), "job");
            write!(out, r#"<path class="jobs" d=""#)?;
            narrow.iter().try_for_each(|placed| write!(out, "M{} {middle}h{}", placed.left, placed.width()))?;
            writeln!(out, r#""><title>{jobs} too short to be shown one by one</title></path>"#)?;
        }
        if let Some((at, End::Died)) = lane.ended {
            let (path, at) = (cross(self.x(at), middle), self.unit.rounded(at));
            writeln!(out, r#"<path class="death" d="{path}"><title>{name} died at {at}</title></path>"#)?;
        }
        writeln!(out, "</g>")
    }

    /// The numbers of the jobs, where they fit; above all lines, so that none goes through them.
    fn numbers(&self, out: &mut String, bars: &[Vec<Placed>], narrowest: Tenths) -> fmt::Result {
        writeln!(out, r#"<g class="numbers">"#)?;
        for (number, bars) in (0..).zip(bars) {
            let y = self.y(number) + self.bar / 2 + 5;
            for placed in bars.iter().filter(|placed| placed.width() >= narrowest) {
                let label = match placed.bar.jobs {
                    1 => placed.bar.job.number.to_string(),
                    jobs => format!("{jobs} jobs"),
                };
                let (x, width) = (Tenths((placed.left.0 + placed.right.0) / 2), placed.width());
                if width.0 >= 10 * (LETTER * label.len() as u64 + 4) {
                    writeln!(out, r#"<text x="{x}" y="{y}">{label}</text>"#)?;
                }
            }
        }
        writeln!(out, "</g>")
    }

    fn lines(&self, out: &mut String) -> fmt::Result {
        for (row, Mark { what, at, label }) in (2..).zip(&self.marks) {
            let (x, y, bottom) = (self.x(*at), LINE * row, self.bottom() + 4);
            let half = LETTER * label.len() as u64 / 2;
            let (place, anchor) = if x.0 / 10 + half > WIDTH { (Tenths(10 * WIDTH), "end") } else { (x, "middle") };
            writeln!(out, r#"<path class="{what}" d="M{x} {y}V{bottom}"/>"#)?;
            writeln!(out, r#"<text class="at-{anchor}" x="{place}" y="{}">{label}</text>"#, y - 4)?;
        }
        Ok(())
    }
}

/// A moment that concerns all workers.
struct Mark {
    what: &'static str,
    at: Duration,
    label: String,
}

/// The deadline, if the run reached it, and when the service stopped, if that was at another time.
fn marks(story: &Story, unit: &Unit) -> Vec<Mark> {
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
    marks
}

/// The narrowest width of a bar with a name, such that not too many have one.
fn narrowest(bars: &[Vec<Placed>]) -> Tenths {
    let mut widths: Vec<Tenths> = bars.iter().flatten().map(Placed::width).collect();
    widths.sort_unstable();
    let least = Tenths(20);
    // Bars that are as wide as the widest one without a name go without, too.
    let without = widths.len().checked_sub(NAMED + 1).map(|index| Tenths(widths[index].0 + 1));
    without.map_or(least, |without| without.max(least))
}

/// A round time, such that at most eight of it make `length`.
fn step(length: Duration) -> Duration {
    let rounds = (0..18).flat_map(|zeros| [1, 2, 5].map(|digit| digit * 10_u64.pow(zeros)));
    let step = rounds.map(Duration::from_nanos).find(|step| length <= *step * 8);
    step.unwrap_or(length)
}

fn cross(x: Tenths, y: u64) -> String {
    let (left, top) = (Tenths(x.0.saturating_sub(50)), y.saturating_sub(5));
    format!("M{left} {top}l10 10m0 -10l-10 10")
}

/// A number for the ids of a picture, so that several can share a page (FNV-1a).
fn fingerprint(story: &Story) -> u32 {
    let busy: Vec<Duration> = story.lanes.values().map(|lane| lane.busy).collect();
    let text = format!("{:?} {:?} {busy:?}", story.run, story.end);
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
