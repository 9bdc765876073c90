//! Draws the times at which a worker holds an interpreter lock or another resource, as dark bars over its jobs.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::lane::What;
use super::svg::{Placed, Plot, Tenths};
use super::words::{Xml, about, name};
use crate::view::summary::plural;

/// The least width of a hold: half a pixel, which is visible but doesn't noticeably overlap the next worker's turn.
const LEAST: Tenths = Tenths(5);
/// The height of a job's bar that is visible above and below a hold.
const EDGE: u64 = 2;
/// The height of the line that shows a hold within another.
const INNER: u64 = 3;
/// In a picture of more lanes than this, holds are merged up to three pixels, so that it does not become too large.
const FINE: u64 = 12;

impl Plot<'_> {
    /// Places the holds of a worker.
    pub fn place_holds(&self, number: u64) -> Vec<Placed> {
        let pixel = self.pixel() * if self.lanes > FINE { 3 } else { 1 };
        let holds = self.lane(number).map(|lane| lane.holds.merged(pixel)).unwrap_or_default();
        self.place_all(holds, LEAST)
    }

    /// Draws the holds of a worker. Those that are at least as wide as the `narrowest` have a hover text each.
    pub fn draw_holds(&self, out: &mut String, holds: &[Placed], narrowest: Tenths) -> fmt::Result {
        let mut narrow: BTreeMap<u64, Vec<&Placed>> = BTreeMap::new();
        for placed in holds {
            let height = self.height(placed);
            if placed.width() < narrowest {
                narrow.entry(height).or_default().push(placed);
                continue;
            }
            let (x, y, width, text) =
                (placed.left, (self.bar - height) / 2, placed.width(), about(&placed.bar, &self.unit));
            write!(out, r#"<rect class="hold" x="{x}" y="{y}" width="{width}" height="{height}">"#)?;
            writeln!(out, "<title>{}</title></rect>", Xml(text))?;
        }
        for (height, placed) in narrow {
            let holds = plural(placed.iter().map(|placed| placed.bar.count).sum(), "hold");
            let what = placed.iter().find_map(|placed| match placed.bar.what {
                What::Hold(held) => Some(name(held)),
                _ => None,
            });
            let what = what.unwrap_or("the GIL");
            let middle = self.bar / 2;
            write!(out, r#"<path class="holds" stroke-width="{height}" d=""#)?;
            placed.iter().try_for_each(|placed| write!(out, "M{} {middle}h{}", placed.left, placed.width()))?;
            writeln!(out, r#""><title>{holds} of {what}, too short to be shown one by one</title></path>"#)?;
        }
        Ok(())
    }

    /// Draws the holds within other holds, as light lines along the dark bars.
    pub fn draw_inner(&self, out: &mut String, number: u64) -> fmt::Result {
        let holds = self.lane(number).map(|lane| lane.inner.merged(self.pixel())).unwrap_or_default();
        for placed in self.place_all(holds, LEAST) {
            let (x, y, width) = (placed.left, self.bar - EDGE - INNER - 1, placed.width());
            let text = about(&placed.bar, &self.unit);
            write!(out, r#"<rect class="inner" x="{x}" y="{y}" width="{width}" height="{INNER}">"#)?;
            writeln!(out, "<title>{} again</title></rect>", Xml(text))?;
        }
        Ok(())
    }

    /// The height of a hold. The height of several holds in one bar is proportional to the share of the time that they
    /// take.
    fn height(&self, placed: &Placed) -> u64 {
        let most = self.bar - 2 * EDGE;
        if placed.bar.count == 1 { most } else { ((most as f64 * placed.bar.share()).round() as u64 / 2 * 2).max(2) }
    }
}
