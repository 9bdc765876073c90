//! The texts of a picture: its title, its captions, the hover text of its bars, and the text alternative for screen
//! readers.

use std::fmt::{self, Display, Write};
use std::ops::Range;
use std::time::Duration;

use super::lane::{Action, Bar, Held, Lane, Network, What};
use super::story::{MARKS, Story};
use crate::record::WorkerId;
use crate::view::summary::plural;

/// The number of workers that the text alternative describes one by one.
const DESCRIBED: u64 = 8;

/// Text with the special characters of XML escaped.
pub struct Xml<T>(pub T);

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

/// The unit of all times in a picture: the largest one that isn't longer than the run.
pub struct Unit {
    name: &'static str,
    nanos: u32,
}

impl Unit {
    pub fn of(length: Duration) -> Self {
        match length.as_nanos() {
            1_000_000_000.. => Self { name: "s", nanos: 1_000_000_000 },
            1_000_000.. => Self { name: "ms", nanos: 1_000_000 },
            _ => Self { name: "µs", nanos: 1000 },
        }
    }

    fn number(&self, time: Duration) -> f64 {
        time.as_nanos() as f64 / f64::from(self.nanos)
    }

    pub fn rounded(&self, time: Duration) -> String {
        format!("{:.3} {}", self.number(time), self.name)
    }

    pub fn exact(&self, time: Duration) -> String {
        format!("{} {}", self.number(time), self.name)
    }
}

/// A short time, to three digits.
pub fn format_short(time: Duration) -> String {
    let unit = Unit::of(time);
    let number = unit.number(time);
    let decimals = if number >= 100.0 {
        0
    } else if number >= 10.0 {
        1
    } else {
        2
    };
    format!("{number:.decimals$} {}", unit.name)
}

/// A bar in words.
pub fn about(bar: &Bar, unit: &Unit) -> String {
    let (from, to) = (unit.rounded(bar.from), unit.rounded(bar.to));
    let share = 100.0 * bar.share();
    match (bar.what, bar.count) {
        (What::Job(job), 1) => {
            let outcome = if bar.completed { "" } else { ", not completed" };
            format!("job {}, size {:.3}, {from} to {to}{outcome}", job.number, job.size)
        }
        (What::Job(_), jobs) => format!("{}, {from} to {to}, busy {share:.0} % of the time", plural(jobs, "job")),
        (What::Hold(held), 1) => format!("held {} for {}, {from} to {to}", name(held), format_short(bar.busy)),
        (What::Hold(held), holds) => {
            format!("{} of {}, {from} to {to}, {share:.0} % of the time", plural(holds, "hold"), name(held))
        }
        (What::Wait(resource), 1) => {
            format!("waited {}: {}, {from} to {to}", resource.waited_for(), format_short(bar.busy))
        }
        (What::Wait(resource), waits) => {
            format!("{} {}, {from} to {to}, {share:.0} % of the time", plural(waits, "wait"), resource.waited_for())
        }
    }
}

/// The words for the resource that a worker holds, with a definite article for the GIL.
pub fn name(held: Held) -> &'static str {
    match held {
        Held::Gil => "the GIL",
        Held::Resource(resource) => resource.held(),
    }
}

/// The same, with an indefinite article for the GIL.
fn any(held: Held) -> &'static str {
    match held {
        Held::Gil => "a GIL",
        Held::Resource(resource) => resource.held(),
    }
}

/// Joins parts of a sentence: `one, two and three`.
fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
    }
}

impl Story {
    /// The title of the picture.
    pub(super) fn title(&self) -> String {
        if self.words.title.is_empty() { self.subject() } else { self.words.title.clone() }
    }

    /// A description of the run's service.
    fn subject(&self) -> String {
        let (workers, jobs) = (plural(self.workers(), "worker"), plural(self.run.jobs, "job"));
        format!("{}: {workers}, {jobs}", self.run.name())
    }

    /// The captions below a picture with this number of `lanes`, in which bars of jobs or of holds may be merged.
    pub(super) fn captions(&self, lanes: u64, unit: &Unit, jobs_merged: bool, holds_merged: bool) -> Vec<String> {
        let mut seed = self.run.seed.to_string();
        if seed.len() > 24 {
            seed.replace_range(20.., "...");
        }
        let mut captions = vec![format!("{}, seed {seed}: {}", self.subject(), self.outcome())];
        for (held, lengths) in self.lengths() {
            let (holds, median) =
                (plural(lengths.count(), "hold"), lengths.median().map(format_short).unwrap_or_default());
            captions.push(format!("{holds} of {}, half of them {median} or longer", name(held)));
        }
        captions.extend(self.part(unit));
        if self.workers() > lanes {
            captions.push(format!("The picture shows the first {lanes} of {} workers.", self.workers()));
        }
        if jobs_merged {
            captions.push("Neighboring jobs that are thinner than a pixel are drawn as one bar.".to_owned());
        }
        if holds_merged {
            let high = "as high as the share of the time that they take";
            captions.push(format!("Neighboring holds thinner than a pixel are drawn as one bar, {high}."));
        }
        if !self.words.source.is_empty() {
            captions.push(self.words.source.clone());
        }
        captions
    }

    /// The part of the run that the picture shows, if it isn't the whole run.
    fn part(&self, unit: &Unit) -> Option<String> {
        let Range { start, end } = self.span();
        let whole = self.window.start.is_zero() && self.window.end >= self.end;
        (!whole).then(|| format!("The picture shows the run from {} to {}.", unit.rounded(start), unit.rounded(end)))
    }

    fn outcome(&self) -> String {
        let completed = self.lanes.values().map(|lane| lane.completed).sum::<u64>();
        match self.left_and_lost {
            Some((left, lost)) => format!("{completed} completed, {left} left, {lost} lost"),
            None => format!("{completed} completed"),
        }
    }

    /// The text alternative of the picture.
    pub(super) fn description(&self, unit: &Unit) -> String {
        let mut text = self.words.shows.clone();
        if !text.is_empty() {
            text.push(' ');
        }
        text += &format!("A run of {}, of {}: {}.", unit.rounded(self.end), self.subject(), self.outcome());
        for (held, lengths) in self.lengths() {
            let (times, median) =
                (plural(lengths.count(), "time"), lengths.median().map(format_short).unwrap_or_default());
            text += &format!(" The workers held {} {times}, {median} at the median.", any(held));
        }
        text += &if self.workers() <= DESCRIBED { self.each(unit) } else { self.overall(unit) };
        if let Some(at) = self.stopping {
            text += &format!(" The service was told to stop at {}.", unit.rounded(at));
        }
        let signals = self.actions().into_iter().filter_map(|(at, worker, action)| match action {
            Action::Signal(resource) => Some(format!(" {worker} {} at {}.", resource.signalled(), unit.rounded(at))),
            Action::Again(job) => Some(format!(" {worker} took job {} again at {}.", job.number, unit.rounded(at))),
            Action::Network(Network::Cut) => Some(format!(" {worker} was cut off at {}.", unit.rounded(at))),
            Action::Network(Network::Restored) => {
                Some(format!(" {worker} was connected again at {}.", unit.rounded(at)))
            }
            Action::Put(_) => None,
        });
        text.extend(signals.take(DESCRIBED as usize));
        text.extend(self.brokers.iter().take(MARKS).map(|(at, what)| format!(" {what} at {}.", unit.rounded(*at))));
        if let Some(part) = self.part(unit) {
            text += &format!(" {part}");
        }
        if !self.words.source.is_empty() {
            text += &format!(" {}", self.words.source);
        }
        text
    }

    fn each(&self, unit: &Unit) -> String {
        let sentence = |(worker, lane): (&WorkerId, &Lane)| {
            let jobs = plural(lane.completed, "job");
            let died = if lane.died() { ", and died" } else { "" };
            let held: String = lane
                .lengths
                .iter()
                .filter_map(|(held, lengths)| {
                    let (times, median) = (plural(lengths.count(), "time"), lengths.median()?);
                    Some(format!(", held {} {times}, {} at the median,", name(*held), format_short(median)))
                })
                .collect();
            let waits = lane.waited_for.iter();
            let waits: Vec<String> =
                waits.map(|(resource, time)| format!("{} {}", unit.rounded(*time), resource.waited_for())).collect();
            let waited = match &waits[..] {
                [] => format!("{} in all", unit.rounded(lane.waited(self.end))),
                waits => list(waits),
            };
            format!(" {worker} completed {jobs}{held} and waited {waited}{died}.")
        };
        self.lanes.iter().map(sentence).collect()
    }

    fn overall(&self, unit: &Unit) -> String {
        let mut completed: Vec<u64> = self.lanes.values().map(|lane| lane.completed).collect();
        completed.resize(self.workers() as usize, 0);
        completed.sort_unstable();
        let (fewest, median, most) = (completed[0], completed[completed.len() / 2], completed[completed.len() - 1]);
        let waited: Duration = self.lanes.values().map(|lane| lane.waited(self.end)).sum();
        let each = unit.rounded(waited / completed.len() as u32);
        let died = match self.lanes.values().filter(|lane| lane.died()).count() {
            0 => String::new(),
            died => format!(" {} died.", plural(died as u64, "worker")),
        };
        format!(
            " The workers completed from {fewest} to {most} jobs each, half of them at least {median}. \
             They waited {each} each on average.{died}"
        )
    }
}
