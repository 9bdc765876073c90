//! The legend of a picture: a sample of each element, with a short description.

use std::fmt::{self, Write};

use super::actions::{notify, put};
use super::lane::{Held, Lane};
use super::svg::{LETTER, LINE, Plot, Tenths, WIDTH, cross};
use super::words::name;

/// The width of a sample, including the space after it.
const SAMPLE: u64 = 32;
/// The space after an entry.
const SPACE: u64 = 12;

/// A function that draws a sample at a given place, and the description of the sample.
struct Entry<'a> {
    sample: Box<dyn Fn(u64, u64) -> String + 'a>,
    text: String,
}

impl<'a> Entry<'a> {
    fn new(text: impl Into<String>, sample: impl Fn(u64, u64) -> String + 'a) -> Self {
        Self { sample: Box::new(sample), text: text.into() }
    }

    fn width(&self) -> u64 {
        SAMPLE + LETTER * self.text.len() as u64 + SPACE
    }
}

/// A bar with the given attributes.
fn rect(what: String) -> impl Fn(u64, u64) -> String {
    move |x, y| format!(r#"<rect {what} x="{x}" y="{}" width="26" height="12"/>"#, y + 2)
}

fn job() -> impl Fn(u64, u64) -> String {
    rect(r#"class="job""#.to_owned())
}

/// A job with a hold.
fn hold(x: u64, y: u64) -> String {
    let hold = format!(r#"<rect class="hold" x="{}" y="{}" width="22" height="8"/>"#, x + 2, y + 4);
    job()(x, y) + "\n" + &hold
}

/// A job with a hold within another.
fn hold_again(x: u64, y: u64) -> String {
    let again = format!(r#"<rect class="inner" x="{}" y="{}" width="14" height="2"/>"#, x + 6, y + 9);
    hold(x, y) + "\n" + &again
}

impl Plot<'_> {
    fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        if self.turns {
            entries.push(Entry::new("holds the GIL", hold));
            entries.push(Entry::new("has a job, not the GIL", job()));
        } else {
            entries.push(Entry::new("a job", job()));
        }
        for held in self.held.iter().filter(|held| **held != Held::Gil) {
            entries.push(Entry::new(format!("holds {}", name(*held)), hold));
        }
        if self.story.lanes.values().any(Lane::holds_again) {
            entries.push(Entry::new("holds it again", hold_again));
        }
        for resource in &self.waits {
            let pattern = rect(format!(r#"fill="{}""#, self.hatch(*resource)));
            entries.push(Entry::new(format!("waits {}", resource.waited_for()), pattern));
        }
        if !self.tells {
            entries.push(Entry::new("waiting", rect(format!(r#"fill="url(#{}-waiting)""#, self.id))));
        }
        for (what, text) in self.action_samples() {
            entries.push(Entry::new(text, move |x, y| {
                let middle = Tenths(10 * (x + 20));
                match what.as_str() {
                    "signal" => format!(r#"<path class="signal" d="M{middle} {y}V{}"/>"#, y + 16),
                    "put" => {
                        format!(r#"<path class="action" transform="translate(0 {})" d="{}"/>"#, y + 8, put(middle))
                    }
                    _ => format!(r#"<path class="action" transform="translate(0 {})" d="{}"/>"#, y + 8, notify(middle)),
                }
            }));
        }
        if self.story.lanes.values().any(Lane::died) {
            let death = |x, y| format!(r#"<path class="death" d="{}"/>"#, cross(Tenths(10 * (x + 20)), y + 8));
            entries.push(Entry::new("died", death));
        }
        entries
    }

    /// The place of each entry. A row has as many entries as fit.
    fn places(&self, entries: &[Entry]) -> Vec<(u64, u64)> {
        let (mut x, mut row) = (self.left, 0);
        let place = |entry: &Entry| {
            if x > self.left && x + entry.width() > WIDTH {
                (x, row) = (self.left, row + 1);
            }
            let place = (x, row);
            x += entry.width();
            place
        };
        entries.iter().map(place).collect()
    }

    /// How many rows the legend has.
    pub fn legend_rows(&self) -> u64 {
        self.places(&self.entries()).last().map_or(0, |(_, row)| row + 1)
    }

    /// Draws the legend.
    pub fn legend(&self, out: &mut String) -> fmt::Result {
        let entries = self.entries();
        for (entry, (x, row)) in entries.iter().zip(self.places(&entries)) {
            let (y, Entry { sample, text }) = (row * LINE, entry);
            writeln!(out, "{}\n<text x=\"{}\" y=\"{}\">{text}</text>", sample(x, y), x + SAMPLE, y + 12)?;
        }
        Ok(())
    }
}
