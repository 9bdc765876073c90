//! A row of measurements, for a table, for JSON and for a chart.

use serde::{Deserialize, Serialize};

use super::options::{Part, cores};
use crate::statistics::median;
use crate::view::chart::{self, Bar};
use crate::view::summary::plural;
use crate::view::table::{Column, Value, memory};
use crate::view::timeline::Words;

/// The medians over the runs of one plan. For the speedup, the row also has the minimum and the maximum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The part of the comparison.
    pub part: Part,
    /// The name of the variant.
    pub variant: String,
    /// The model: `threads`, `processes` or `coroutines`.
    pub model: String,
    /// Whether CPython ran it.
    pub python: bool,
    /// The interpreter, if Python ran it: `CPython 3.13.0 with the GIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// The number of workers.
    pub workers: u32,
    /// The number of jobs.
    pub jobs: u64,
    /// The number of runs.
    pub rounds: u64,
    /// From the service's start to the end of its last worker.
    pub wall_seconds: f64,
    /// The processor time of all processes together.
    pub cpu_seconds: f64,
    /// The peak of the resident memory of all processes together.
    pub peak_rss_bytes: f64,
    /// The number of context switches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_switches: Option<f64>,
    /// How many times as fast the runs were as those with the fewest workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speedup: Option<Spread>,
    /// The time that the service itself needs for each job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_per_job: Option<f64>,
    /// The memory of all processes together, in the kernel as well, while the workers are idle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<f64>,
    /// The memory that each additional worker needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_worker: Option<f64>,
    /// The kernel's part of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_per_worker: Option<f64>,
    /// How long it took to start a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_seconds: Option<f64>,
    /// How long it took to stop all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_seconds: Option<f64>,
}

/// The minimum, the median and the maximum of several figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The minimum.
    pub least: f64,
    /// The median, or the upper one of the two middle figures.
    pub median: f64,
    /// The maximum.
    pub most: f64,
}

impl Spread {
    pub(super) const ONE: Self = Self { least: 1.0, median: 1.0, most: 1.0 };

    /// The spread of `figures`. All three values are zero if there aren't any.
    pub(super) fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or(0.0);
        let median = median(figures.iter().copied()).unwrap_or(0.0);
        Self { least: at(0), median, most: at(figures.len().saturating_sub(1)) }
    }
}

pub(super) const fn column(key: &'static str, heading: &'static str) -> Column {
    Column { key, heading }
}

impl Row {
    /// The cells for the columns of `part`.
    pub(super) fn cells(&self, part: Part) -> Vec<Value> {
        part.columns().iter().map(|column| self.cell(column.key)).collect()
    }

    fn cell(&self, key: &str) -> Value {
        let speedup = |figure: fn(Spread) -> f64| Value::of(self.speedup.map(figure), Value::Times);
        match key {
            "variant" => Value::Text(self.variant.clone()),
            "workers" => Value::Count(self.workers.into()),
            "wall_seconds" => Value::Seconds(self.wall_seconds),
            "speedup" => speedup(|it| it.median),
            "least" => speedup(|it| it.least),
            "most" => speedup(|it| it.most),
            "cpu_seconds" => Value::Seconds(self.cpu_seconds),
            "peak_rss_bytes" => Value::Bytes(self.peak_rss_bytes),
            "context_switches" => Value::of(self.context_switches, |count| Value::Count(count as u64)),
            "seconds_per_job" => Value::of(self.seconds_per_job, Value::Brief),
            "memory_bytes" => Value::of(self.memory_bytes, Value::Bytes),
            "kernel_per_worker" => Value::of(self.kernel_per_worker, Value::Bytes),
            "bytes_per_worker" => Value::of(self.bytes_per_worker, Value::Bytes),
            "start_seconds" => Value::of(self.start_seconds, Value::Brief),
            "stop_seconds" => Value::of(self.stop_seconds, Value::Brief),
            _ => Value::Nothing,
        }
    }

    /// The figure that the row's chart shows, as a number and as text; `None` if the row lacks it.
    fn figure(&self) -> Option<(f64, String)> {
        let seconds = |seconds: f64| (seconds, Value::Brief(seconds).to_string());
        match self.part {
            Part::Cpu | Part::Io | Part::Mixed => Some((self.wall_seconds, format!("{:.3} s", self.wall_seconds))),
            Part::Empty => self.seconds_per_job.map(seconds),
            Part::Idle => self.bytes_per_worker.map(|bytes| (bytes, memory(bytes))),
            Part::Start => self.start_seconds.map(seconds),
        }
    }
}

/// A chart of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Chart {
    /// The figure of each row.
    Figure,
    /// How many times as fast each row is as the first of its variant.
    Speedup,
}

impl Chart {
    /// The name of its file.
    pub(super) fn name(self, part: Part) -> &'static str {
        match self {
            Self::Figure => part.name(),
            Self::Speedup => "speedup",
        }
    }

    /// The title.
    pub(super) fn about(self, part: Part) -> String {
        match self {
            Self::Figure => part.about().to_owned(),
            Self::Speedup => {
                let cores = plural(cores().into(), "core");
                format!("{}: the speedup, with {cores}", part.about())
            }
        }
    }

    pub(super) fn draw(self, words: &Words, rows: &[Row]) -> String {
        match self {
            Self::Figure => chart(words, rows),
            Self::Speedup => draw(words, rows, |row| {
                let speedup = row.speedup?.median;
                Some((speedup, Value::Times(speedup).to_string()))
            }),
        }
    }
}

/// Reads rows from lines of JSON.
///
/// # Errors
///
/// If a line isn't a row. The error names the line.
pub fn read(text: &str) -> Result<Vec<Row>, String> {
    let row = |(number, line)| serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"));
    (1..).zip(text.lines()).map(row).collect()
}

/// Draws the rows of one part as a chart, with a group for each number of workers and a bar for each variant.
pub fn chart(words: &Words, rows: &[Row]) -> String {
    draw(words, rows, Row::figure)
}

fn draw(words: &Words, rows: &[Row], figure: impl Fn(&Row) -> Option<(f64, String)>) -> String {
    let mut numbers: Vec<u32> = rows.iter().map(|row| row.workers).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let bar = |row: &Row| {
        let (value, text) = figure(row)?;
        let group = plural(row.workers.into(), "worker");
        Some(Bar { group, label: row.variant.clone(), model: row.model.clone(), value, text })
    };
    let bars = numbers.iter().flat_map(|number| rows.iter().filter(|row| row.workers == *number));
    chart::draw(words, &bars.filter_map(bar).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(variant: &str, workers: u32, wall_seconds: f64) -> Row {
        Row {
            part: Part::Cpu,
            variant: variant.to_owned(),
            model: "threads".to_owned(),
            python: false,
            interpreter: None,
            workers,
            jobs: 64,
            rounds: 3,
            wall_seconds,
            cpu_seconds: 1.0,
            peak_rss_bytes: 1024.0,
            context_switches: None,
            speedup: Some(Spread::ONE),
            seconds_per_job: None,
            memory_bytes: None,
            bytes_per_worker: None,
            kernel_per_worker: None,
            start_seconds: None,
            stop_seconds: None,
        }
    }

    #[test]
    fn a_row_is_the_same_when_it_is_read_again() {
        let rows = vec![row("threads", 1, 0.5), row("processes", 2, 0.25)];
        let text: Vec<String> = rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
        assert_eq!(read(&text.join("\n")), Ok(rows));
        assert!(read("{}").unwrap_err().starts_with("line 1: "));
    }

    #[test]
    fn a_chart_groups_by_the_number_of_workers() {
        let rows = [row("one", 1, 0.5), row("one", 4, 0.2), row("two", 1, 0.6), row("two", 4, 0.3)];
        let picture = chart(&Words::default(), &rows);
        assert!(
            picture.contains("1 worker: one 0.500 s, two 0.600 s. 4 workers: one 0.200 s, two 0.300 s."),
            "{picture}"
        );
    }

    #[test]
    fn every_column_has_a_cell() {
        for part in [Part::Cpu, Part::Empty, Part::Idle, Part::Start] {
            let full = Row {
                part,
                context_switches: Some(1.0),
                seconds_per_job: Some(1.0),
                memory_bytes: Some(1.0),
                bytes_per_worker: Some(1.0),
                kernel_per_worker: Some(1.0),
                start_seconds: Some(1.0),
                stop_seconds: Some(1.0),
                ..row("one", 1, 1.0)
            };
            assert!(full.cells(part).iter().all(|cell| *cell != Value::Nothing), "{part:?}");
        }
    }
}
