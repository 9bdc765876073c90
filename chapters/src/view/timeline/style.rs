//! The colors and patterns of a picture. Each model has one color, and other distinctions use patterns and shades.
//!
//! A page that contains a picture can define its own shade of a model's color, for example `--threads`, and the color
//! of the numbers on it, `--on-threads`. The picture uses the page's text color.

use std::fmt::{self, Write};

/// The colors and outlines of bars. Color-blind readers can tell the colors apart (they're from Okabe and Ito's
/// palette); the outlines are for print.
///
/// The light and the dark shade are for pictures in which workers take turns: the bar of a job is light, and dark where
/// the worker holds the lock. The two shades contrast with each other on any background.
pub struct Style {
    model: &'static str,
    fill: &'static str,
    light: &'static str,
    dark: &'static str,
    number: &'static str,
    dashes: &'static str,
    corner: u64,
}

/// The elements of a picture in addition to jobs and waiting.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Workers take turns under an interpreter lock.
    pub turns: bool,
    /// Workers hold an interpreter lock or another resource.
    pub holds: bool,
    /// Workers record the resources that they wait for.
    pub tells: bool,
    /// The number of resources with visible waits.
    pub waits: usize,
    /// Workers do something that affects others.
    pub actions: bool,
}

/// The angles of the stripes of waiting, in degrees, for the second resource that workers wait for and those after it.
const TURNS: [&str; 3] = ["-45", "90", "0"];

impl Style {
    /// The style of a model.
    pub fn of(model: &str) -> Self {
        let style = |model, fill, light, dark, number, dashes, corner| Self {
            model,
            fill,
            light,
            dark,
            number,
            dashes,
            corner,
        };
        match model {
            "threads" => style("threads", "#0072B2", "#B5DCF2", "#002A42", "#fff", "none", 0),
            "processes" => style("processes", "#D55E00", "#FBD3B4", "#4A2100", "#000", "5 2", 0),
            "coroutines" => style("coroutines", "#009E73", "#ABE3D2", "#003A2B", "#000", "1 1.5", 6),
            "machines" => style("machines", "#CC79A7", "#F0D3E2", "#4D1F38", "#000", "8 2", 3),
            _ => style("model", "#767676", "#DDDDDD", "#222222", "#fff", "none", 0),
        }
    }

    /// The colors, as variables of the page's style sheet, with their values in a light theme.
    pub fn colors(&self) -> [(String, &'static str); 4] {
        let Self { model, fill, light, dark, number, .. } = *self;
        let [on, light_name, dark_name] =
            [format!("--on-{model}"), format!("--{model}-light"), format!("--{model}-dark")];
        [(format!("--{model}"), fill), (on, number), (light_name, light), (dark_name, dark)]
    }

    /// The fill, the dashes and the corner radius of a bar that represents the model itself.
    pub fn of_bars(&self) -> (String, &'static str, u64) {
        (format!("var(--{},{})", self.model, self.fill), self.dashes, self.corner)
    }

    /// Writes the style sheet and the patterns of the picture `id`, whose bars are `bar` high.
    pub fn write(&self, out: &mut String, id: &str, font: u64, bar: u64, shown: Shown) -> fmt::Result {
        let Self { model, fill, light, dark, number, dashes, corner } = self;
        let (fill, number) = (format!("var(--{model},{fill})"), format!("var(--on-{model},{number})"));
        let Shown { turns, holds, tells, waits, actions } = shown;
        let (job, jobs) = if turns { (format!("url(#{id}-begun)"), *light) } else { (fill.clone(), &*fill) };
        writeln!(
            out,
            r#"<style>
#{id}{{font:{font}px system-ui,sans-serif}}
#{id}:root{{color:#1f2328;background:#fff}}
@media (prefers-color-scheme:dark){{#{id}:root{{color:#dfe2e7;background:#1b1e23}}}}
@media print{{#{id}:root{{color:#000;background:none}}#{id}{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}}}
#{id} text{{fill:currentColor}}
#{id} .job{{fill:{job};stroke:currentColor;stroke-dasharray:{dashes};rx:{corner}px}}
#{id} .jobs{{stroke:{jobs};stroke-width:{bar};fill:none}}
#{id} .numbers{{text-anchor:middle;pointer-events:none;stroke:{fill};stroke-width:4;paint-order:stroke}}
#{id} .numbers text{{fill:{number}}}
#{id} .name,#{id} .at-end{{text-anchor:end}}
#{id} .tick,#{id} .at-middle{{text-anchor:middle}}
#{id} .grid{{stroke:currentColor;stroke-opacity:.2}}
#{id} .deadline{{stroke:currentColor;stroke-width:1.5;stroke-dasharray:6 4}}
#{id} .stopping{{stroke:currentColor;stroke-width:1.5;stroke-dasharray:2 3}}
#{id} .death{{stroke:currentColor;stroke-width:3;fill:none}}
#{id} .stripe{{stroke:currentColor;stroke-opacity:.6}}
#{id} .waiting{{stroke:currentColor;stroke-opacity:.3}}"#
        )?;
        if holds {
            writeln!(out, "#{id} .hold{{fill:{dark}}}\n#{id} .holds{{stroke:{dark};fill:none}}")?;
        }
        if holds && !turns {
            writeln!(out, "#{id} .inner{{fill:{light}}}\n#{id} .numbers .on-hold{{fill:{light};stroke:none}}")?;
        }
        if tells {
            writeln!(out, "#{id} .life{{fill:none;stroke:currentColor;stroke-opacity:.3}}")?;
        }
        if actions {
            writeln!(out, "#{id} .action{{fill:currentColor}}\n#{id} .signal{{stroke:currentColor;stroke-width:2}}")?;
        }
        if turns {
            writeln!(out, "#{id} .begun{{fill:{light}}}\n#{id} .begun-stripe{{stroke:{fill};stroke-opacity:.7}}")?;
        }
        let pattern = r#"width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)""#;
        writeln!(out, "</style>")?;
        writeln!(out, r#"<pattern id="{id}-waiting" {pattern}><path class="stripe" d="M0 0V5"/></pattern>"#)?;
        for (number, turn) in (1..waits).zip(TURNS) {
            let pattern = pattern.replace("45", turn);
            writeln!(
                out,
                r#"<pattern id="{id}-waiting-{number}" {pattern}><path class="stripe" d="M0 0V5"/></pattern>"#
            )?;
        }
        if turns {
            let light = r#"<path class="begun" d="M0 0H5V5H0z"/>"#;
            let stripe = r#"<path class="begun-stripe" d="M0 0V5"/>"#;
            writeln!(out, r#"<pattern id="{id}-begun" {pattern}>{light}{stripe}</pattern>"#)?;
        }
        Ok(())
    }
}
