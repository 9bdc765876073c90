//! The picture itself, in SVG.
//!
//! Lengths are in pixels of a picture that is 800 wide; it scales to any width. Along the time axis they are counted in
//! whole tenths, so that bars that do not overlap in time do not overlap on paper either.

use std::fmt::{self, Display, Write};
use std::time::Duration;

use super::lane::{Bar, End, Lane};
use super::{LANES, Story};
use crate::trace::WorkerId;
use crate::view::summary::counted;

const WIDTH: u64 = 800;
/// Free space to the right of the plot: half of the last label on the axis.
const MARGIN: u64 = 24;
const FONT: u64 = 12;
/// A wide letter's width: room for a text is counted in these.
const LETTER: u64 = 7;
const LINE: u64 = 17;

/// How many bars have a number and a hover text. The narrower ones of a busy picture go without, or it would weigh more
/// than the page that it is on.
const NAMED: usize = 800;

/// How many workers the text alternative tells of one by one.
const TOLD: u64 = 8;

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

/// Text as XML has it.
struct Xml<T>(T);

impl<T: Display> Display for Xml<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for letter in self.0.to_string().chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                _ => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// Time as the whole picture writes it: in the largest unit that its length fills.
struct Unit {
    name: &'static str,
    nanos: u32,
}

impl Unit {
    fn of(length: Duration) -> Self {
        match length.as_nanos() {
            1_000_000_000.. => Self { name: "s", nanos: 1_000_000_000 },
            1_000_000.. => Self { name: "ms", nanos: 1_000_000 },
            _ => Self { name: "µs", nanos: 1000 },
        }
    }

    fn number(&self, time: Duration) -> f64 {
        time.as_nanos() as f64 / f64::from(self.nanos)
    }

    fn rounded(&self, time: Duration) -> String {
        format!("{:.3} {}", self.number(time), self.name)
    }

    fn exact(&self, time: Duration) -> String {
        format!("{} {}", self.number(time), self.name)
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
        let (pitch, bar) = if lanes <= 12 { (26, 20) } else { (16, 13) };
        let names = (1..=lanes).map(|number| format!("worker-{number}").len() as u64).max().unwrap_or(0);
        let left = names * LETTER + 8;
        let length = story.end.max(Duration::from_nanos(1));
        let id = format!("run-{:08x}", fingerprint(story));
        Self { story, unit: Unit::of(length), length, left, top: 3 * LINE, pitch, bar, lanes, id }
    }

    fn width(&self) -> u64 {
        WIDTH - MARGIN - self.left
    }

    fn bottom(&self) -> u64 {
        self.top + self.lanes * self.pitch
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
        let captions = self.captions(&bars);
        let height = self.bottom() + LINE * (captions.len() as u64 + 1) + LINE;
        self.head(out, height)?;
        self.legend(out)?;
        self.axis(out)?;
        let narrowest = narrowest(&bars);
        for (number, bars) in (0..).zip(&bars) {
            self.draw_lane(out, number, bars, narrowest)?;
        }
        self.lines(out)?;
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
            r#"<svg xmlns="http://www.w3.org/2000/svg" id="{id}" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{id}-title {id}-desc">
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
#{id} .lost{{fill-opacity:.35}}
#{id} text.number{{fill:{number};text-anchor:middle;pointer-events:none}}
#{id} .name,#{id} .at-end{{text-anchor:end}}
#{id} .tick,#{id} .at-middle{{text-anchor:middle}}
#{id} .grid{{stroke:currentColor;stroke-opacity:.2}}
#{id} .deadline{{stroke:currentColor;stroke-width:1.5;stroke-dasharray:6 4}}
#{id} .stopping{{stroke:currentColor;stroke-width:1.5;stroke-dasharray:2 3}}
#{id} .death{{stroke:currentColor;stroke-width:3;fill:none}}
#{id} .stripe{{stroke:currentColor;stroke-opacity:.45}}
</style>
<pattern id="{id}-waiting" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="stripe" d="M0 0V5"/></pattern>"#,
            Xml(self.title()),
            Xml(self.description()),
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
        let y = self.top + number * self.pitch + (self.pitch - self.bar) / 2;
        let (height, middle) = (self.bar, self.bar / 2);
        let text = middle + 4;
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
            let (class, width) = (if bar.completed { "job" } else { "job lost" }, placed.width());
            write!(out, r#"<rect class="{class}" x="{left}" y="0" width="{width}" height="{height}">"#)?;
            writeln!(out, "<title>{}</title></rect>", Xml(self.about(bar)))?;
            let label = bar.job.number.to_string();
            if bar.jobs == 1 && width.0 >= 10 * (LETTER * label.len() as u64 + 5) {
                let x = Tenths(left.0 + width.0 / 2);
                writeln!(out, r#"<text class="number" x="{x}" y="{text}">{label}</text>"#)?;
            }
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

    fn about(&self, bar: &Bar) -> String {
        let (from, to) = (self.unit.rounded(bar.from), self.unit.rounded(bar.to));
        if bar.jobs > 1 {
            let share = 100.0 * bar.busy.as_secs_f64() / (bar.to - bar.from).as_secs_f64();
            return format!("{}, {from} to {to}, busy {share:.0} % of the time", counted(bar.jobs, "job"));
        }
        let outcome = if bar.completed { "" } else { ", not completed" };
        format!("job {}, size {:.3}, {from} to {to}{outcome}", bar.job.number, bar.job.size)
    }

    /// The deadline, and when the service stopped if that was at another time.
    fn lines(&self, out: &mut String) -> fmt::Result {
        let deadline = self.story.run.plan.time;
        let reached = deadline <= self.length;
        if reached {
            self.line(out, "deadline", deadline, self.unit.exact(deadline), self.top - LINE)?;
        }
        match self.story.stopping {
            Some(at) if !reached || at.abs_diff(deadline) > self.length / 100 => {
                self.line(out, "stopping", at, self.unit.rounded(at), self.top)
            }
            _ => Ok(()),
        }
    }

    fn line(&self, out: &mut String, what: &str, at: Duration, label: String, bottom: u64) -> fmt::Result {
        let (x, label) = (self.x(at), format!("{what}: {label}"));
        let half = LETTER * label.len() as u64 / 2;
        let (place, anchor) = if x.0 / 10 + half > WIDTH { (Tenths(10 * WIDTH), "end") } else { (x, "middle") };
        writeln!(out, r#"<path class="{what}" d="M{x} {bottom}V{}"/>"#, self.bottom() + 4)?;
        writeln!(out, r#"<text class="at-{anchor}" x="{place}" y="{}">{label}</text>"#, bottom - 4)
    }

    fn title(&self) -> String {
        let run = &self.story.run;
        let (workers, jobs) = (counted(self.story.workers(), "worker"), counted(run.jobs, "job"));
        format!("{}: {workers}, {jobs}", run.model)
    }

    fn captions(&self, bars: &[Vec<Placed>]) -> Vec<String> {
        let (run, workers) = (&self.story.run, self.story.workers());
        let mut seed = run.seed.to_string();
        if seed.len() > 24 {
            seed.replace_range(20.., "...");
        }
        let mut captions = vec![format!("{}, seed {seed}: {}", self.title(), self.outcome())];
        if workers > self.lanes {
            captions.push(format!("The picture shows the first {} of {workers} workers.", self.lanes));
        }
        if bars.iter().flatten().any(|placed| placed.bar.jobs > 1) {
            captions.push("Neighbouring jobs that are thinner than a pixel are drawn as one bar.".to_owned());
        }
        captions
    }

    fn outcome(&self) -> String {
        let completed = self.story.completed();
        match self.story.left_and_lost {
            Some((left, lost)) => format!("{completed} completed, {left} left, {lost} lost"),
            None => format!("{completed} completed"),
        }
    }

    /// What the picture says, for those who cannot see it.
    fn description(&self) -> String {
        let (story, unit) = (self.story, &self.unit);
        let mut text = format!("A run of {}, of {}: {}.", unit.rounded(story.end), self.title(), self.outcome());
        if story.workers() <= TOLD {
            for number in 0..story.workers() {
                let Some(lane) = self.lane(number) else { continue };
                let (jobs, waited) = (counted(lane.completed, "job"), unit.rounded(lane.waited(story.end)));
                text += &format!(" worker-{} completed {jobs} and waited {waited} in all", number + 1);
                text += match lane.ended {
                    Some((_, End::Died)) => ", and died.",
                    _ => ".",
                };
            }
        } else {
            let mut completed: Vec<u64> = story.lanes.values().map(|lane| lane.completed).collect();
            completed.resize(story.workers() as usize, 0);
            completed.sort_unstable();
            let (fewest, median, most) = (completed[0], completed[completed.len() / 2], completed[completed.len() - 1]);
            let waited: Duration = story.lanes.values().map(|lane| lane.waited(story.end)).sum();
            let each = unit.rounded(waited / completed.len() as u32);
            text +=
                &format!(" The workers completed from {fewest} to {most} jobs each, half of them at least {median}.");
            text += &format!(" They waited {each} each on average.");
            match story.lanes.values().filter(|lane| lane.died()).count() {
                0 => {}
                died => text += &format!(" {} died.", counted(died as u64, "worker")),
            }
        }
        if let Some(at) = story.stopping {
            text += &format!(" The service was told to stop at {}.", unit.rounded(at));
        }
        text
    }
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
