//! Records as JSON lines: for programs, and for whoever wants to keep a run and look at it again.

use std::io::{self, BufWriter, Write};

use super::View;
use crate::trace::{Event, Record};

/// Writes one line a record.
#[derive(Debug)]
pub struct Json<W: Write> {
    out: BufWriter<W>,
    quiet: bool,
}

impl<W: Write> Json<W> {
    /// Writes to `out`; if `quiet`, only the last record, the one with the summary.
    pub fn new(out: W, quiet: bool) -> Self {
        Self { out: BufWriter::with_capacity(1 << 16, out), quiet }
    }
}

impl<W: Write + Send> View for Json<W> {
    fn show(&mut self, records: &[Record]) -> io::Result<()> {
        for record in records {
            if self.quiet && !matches!(record.event, Event::ServiceStopped(_)) {
                continue;
            }
            serde_json::to_writer(&mut self.out, record)?;
            self.out.write_all(b"\n")?;
        }
        self.out.flush()
    }
}

/// Reads a trace that was kept as JSON lines, and says which line is wrong if one is.
///
/// # Errors
///
/// When `text` has a line that is no record.
pub fn read(text: &str) -> Result<Vec<Record>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1)))
        .collect()
}
