//! How a picture looks: one color for each model, in which the rest is a matter of pattern and shade.
//!
//! A page that a picture is part of can have its own shade of a model's color, as `--threads`, and of the numbers on it, as
//! `--on-threads`. The page's color of text is the picture's, too.

use std::fmt::{self, Write};

/// How bars look: in colors that color-blind readers can tell apart (Okabe and Ito's), and in outlines for print.
///
/// The light and the dark shade are for pictures of workers that take turns: a light job is begun, and only where it is
/// dark does its worker hold the lock. They contrast with each other, whatever the background.
pub struct Style {
    model: &'static str,
    fill: &'static str,
    light: &'static str,
    dark: &'static str,
    number: &'static str,
    dashes: &'static str,
    corner: u64,
}

/// What there is to be seen in a picture besides jobs and waiting.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Workers take turns under an interpreter lock.
    pub turns: bool,
    /// Workers hold something, that lock or another.
    pub holds: bool,
    /// Workers say what they wait for.
    pub tells: bool,
    /// For how many things they can be seen to wait.
    pub waits: usize,
    /// Workers do something for others.
    pub deeds: bool,
}

/// By how many degrees the stripes of waiting are turned: each of the further things that workers wait for has its own.
const TURNS: [&str; 3] = ["-45", "90", "0"];

impl Style {
    /// The look of a model.
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
            _ => style("model", "#767676", "#DDDDDD", "#222222", "#fff", "none", 0),
        }
    }

    /// The colors: each variable of the page's style sheet, and its value in a light theme.
    pub fn colors(&self) -> [(String, &'static str); 4] {
        let Self { model, fill, light, dark, number, .. } = *self;
        let [on, light_name, dark_name] =
            [format!("--on-{model}"), format!("--{model}-light"), format!("--{model}-dark")];
        [(format!("--{model}"), fill), (on, number), (light_name, light), (dark_name, dark)]
    }

    /// How a bar is filled and outlined that stands for the model itself.
    pub fn of_bars(&self) -> (String, &'static str, u64) {
        (format!("var(--{},{})", self.model, self.fill), self.dashes, self.corner)
    }

    /// Writes the style sheet and the patterns of the picture `id`, whose bars are `bar` high.
    pub fn write(&self, out: &mut String, id: &str, font: u64, bar: u64, shown: Shown) -> fmt::Result {
        let Self { model, fill, light, dark, number, dashes, corner } = self;
        let (fill, number) = (format!("var(--{model},{fill})"), format!("var(--on-{model},{number})"));
        let Shown { turns, holds, tells, waits, deeds } = shown;
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
        if deeds {
            writeln!(out, "#{id} .deed{{fill:currentColor}}\n#{id} .signal{{stroke:currentColor;stroke-width:2}}")?;
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
