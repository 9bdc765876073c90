//! Records as JSON lines: for programs, and for whoever wants to keep a run and look at it again.

use std::io::{self, Write};

use super::View;
use crate::trace::{Event, Record};

/// How much text is gathered before it is written.
const CHUNK: usize = 1 << 16;

/// Writes one line a record.
#[derive(Debug)]
pub struct Json<W> {
    out: W,
    quiet: bool,
    text: Vec<u8>,
}

impl<W: Write> Json<W> {
    /// Writes to `out`; if `quiet`, only the last record, the one with the summary.
    pub fn new(out: W, quiet: bool) -> Self {
        Self { out, quiet, text: Vec::with_capacity(CHUNK) }
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.write_all(&self.text)?;
        self.text.clear();
        Ok(())
    }
}

impl<W: Write + Send> View for Json<W> {
    fn is_quiet(&self) -> bool {
        self.quiet
    }

    fn show(&mut self, records: &[Record]) -> io::Result<()> {
        for record in records {
            if self.quiet && !matches!(record.event, Event::ServiceStopped(_)) {
                continue;
            }
            serde_json::to_writer(&mut self.text, record)?;
            self.text.push(b'\n');
            if self.text.len() >= CHUNK {
                self.write()?;
            }
        }
        self.write()?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    fn shown(quiet: bool) -> String {
        let mut out = Vec::new();
        Json::new(&mut out, quiet).show(&sample::whole()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_was_written_can_be_read_again() {
        let text = shown(false);
        assert_eq!(read(&text).unwrap(), sample::whole());
        assert_eq!(text.lines().count(), sample::whole().len());
    }

    #[test]
    fn a_quiet_trace_is_the_summary_alone() {
        let line = shown(true);
        let whole = sample::whole();
        assert_eq!(read(&line).unwrap(), whole[whole.len() - 1..]);
        assert!(
            line.starts_with(
                r#"{"at":1.2,"worker":null,"event":"service_stopped","summary":{"model":"threads","seed":1"#
            )
        );
    }

    #[test]
    fn a_line_that_is_wrong_is_named() {
        let text = shown(false).replacen("worker_started", "lunch", 1);
        let error = read(&text).unwrap_err();
        assert!(error.starts_with("line 2: \"lunch\" is no event"), "{error}");
    }
}
