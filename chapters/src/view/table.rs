//! Tables of measurements, as lines of text and as lines of JSON.

use std::fmt::{self, Display};
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::timeline::format_short;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The key in JSON.
    pub key: &'static str,
    /// The heading in text.
    pub heading: &'static str,
}

/// A cell of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A name.
    Text(String),
    /// A number of items.
    Count(u64),
    /// Seconds, shown in seconds.
    Seconds(f64),
    /// Seconds, shown in a unit for short times.
    Brief(f64),
    /// A number per second.
    Rate(f64),
    /// A ratio.
    Times(f64),
    /// Bytes, shown in B, KiB or MiB.
    Bytes(f64),
    /// No value.
    Nothing,
}

impl Value {
    /// Applies `value` to a measured number, or returns `Nothing` without one.
    pub fn of(measured: Option<f64>, value: fn(f64) -> Self) -> Self {
        measured.map_or(Value::Nothing, value)
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Value::Text(text) => f.pad(text),
            Value::Count(count) => f.pad(&count.to_string()),
            Value::Seconds(seconds) => f.pad(&format!("{seconds:.3} s")),
            Value::Brief(seconds) => f.pad(&format_short(Duration::from_secs_f64(*seconds))),
            Value::Rate(rate) => f.pad(&format!("{rate:.0}/s")),
            Value::Times(times) => f.pad(&format!("{times:.2}x")),
            Value::Bytes(bytes) => f.pad(&memory(*bytes)),
            Value::Nothing => f.pad("-"),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Clocks have a resolution of a nanosecond, so more digits would be noise.
        let rounded = |number: f64| (number * 1e9).round() / 1e9;
        match self {
            Value::Text(text) => serializer.serialize_str(text),
            Value::Count(count) => serializer.serialize_u64(*count),
            Value::Bytes(bytes) => serializer.serialize_u64(*bytes as u64),
            Value::Seconds(number) | Value::Brief(number) | Value::Rate(number) | Value::Times(number) => {
                serializer.serialize_f64(rounded(*number))
            }
            Value::Nothing => serializer.serialize_none(),
        }
    }
}

/// Formats an amount of memory in B, KiB or MiB.
pub fn memory(bytes: f64) -> String {
    let digits = |number: f64| if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    let (number, unit) = match bytes {
        0.0..1024.0 => return format!("{bytes:.0} B"),
        ..1_048_576.0 => (bytes / 1024.0, "KiB"),
        _ => (bytes / 1_048_576.0, "MiB"),
    };
    format!("{number:.*} {unit}", digits(number))
}

/// Formats a table as text. The first column is left-aligned, the others right-aligned.
pub fn text(columns: &[Column], rows: &[Vec<Value>]) -> String {
    let headings: Vec<String> = columns.iter().map(|column| column.heading.to_owned()).collect();
    let rows = rows.iter().map(|row| row.iter().map(Value::to_string).collect());
    let lines: Vec<Vec<String>> = std::iter::once(headings).chain(rows).collect();
    let width = |index: usize| lines.iter().map(|line| line[index].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |cells: &Vec<String>| -> String {
        let padded = cells.iter().zip(&widths).enumerate().map(|(index, (cell, width))| match index {
            0 => format!("{cell:<width$}"),
            _ => format!("  {cell:>width$}"),
        });
        padded.collect::<String>().trim_end().to_owned() + "\n"
    };
    lines.iter().map(line).collect()
}

/// Formats a row as a line of JSON, after the pairs of `first`.
pub fn json(
    first: impl IntoIterator<Item = (&'static str, serde_json::Value)>,
    columns: &[Column],
    row: &[Value],
) -> String {
    let keys = columns.iter().map(|column| column.key);
    let row = keys.zip(row).map(|(key, value)| (key, serde_json::to_value(value).unwrap_or_default()));
    let pairs = first.into_iter().chain(row).map(|(key, value)| format!("{key:?}:{value}"));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column { key: "gil", heading: "gil" },
        Column { key: "wall_seconds", heading: "wall time" },
        Column { key: "speedup", heading: "speedup" },
    ];

    fn rows() -> Vec<Vec<Value>> {
        vec![
            vec![Value::Text("none".to_owned()), Value::Seconds(0.25), Value::Times(1.999)],
            vec![Value::Text("per-worker".to_owned()), Value::Seconds(12.5), Value::Nothing],
        ]
    }

    #[test]
    fn columns_line_up() {
        let expected = "gil         wall time  speedup
none          0.250 s    2.00x
per-worker   12.500 s        -
";
        assert_eq!(text(&COLUMNS, &rows()), expected);
    }

    #[test]
    fn memory_has_a_suitable_unit() {
        assert_eq!(
            [0.0, 900.0, 1536.0, 204_800.0, 5_242_880.0].map(memory),
            ["0 B", "900 B", "1.50 KiB", "200 KiB", "5.00 MiB"]
        );
    }

    #[test]
    fn a_row_is_a_line_of_json_in_the_order_of_its_columns() {
        let line = json([("part", "cpu".into())], &COLUMNS, &rows()[0]);
        assert_eq!(line, r#"{"part":"cpu","gil":"none","wall_seconds":0.25,"speedup":1.999}"#);
        assert!(json([], &COLUMNS, &rows()[1]).contains(r#""speedup":null"#));
    }
}
