//! Records as JSON lines, for programs, and for storing a run and viewing it again.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::View;
use crate::random::Seed;
use crate::record::{Event, Record};
use crate::service::{Plan, Run};

/// The number of bytes that are buffered before they are written.
const CHUNK: usize = 1 << 16;

/// Writes one line per record. The first one, `service_starting`, also describes the run.
#[derive(Debug)]
pub struct Json<W> {
    run: Run,
    out: W,
    quiet: bool,
    text: Vec<u8>,
}

impl<W: Write> Json<W> {
    /// Writes to `out`; if `quiet`, only the last record, the one with the summary.
    pub fn new(run: Run, out: W, quiet: bool) -> Self {
        Self { run, out, quiet, text: Vec::with_capacity(CHUNK) }
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
            match record.event {
                Event::ServiceStarting => serde_json::to_writer(&mut self.text, &First { record, run: &self.run })?,
                _ => serde_json::to_writer(&mut self.text, record)?,
            }
            self.text.push(b'\n');
            if self.text.len() >= CHUNK {
                self.write()?;
            }
        }
        self.write()?;
        self.out.flush()
    }
}

#[derive(Serialize)]
struct First<'a> {
    #[serde(flatten)]
    record: &'a Record,
    run: &'a Run,
}

/// Reads a trace from JSON lines.
///
/// # Errors
///
/// If a line of `text` isn't a record. The error names the line.
pub fn read(text: &str) -> Result<Vec<Record>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1)))
        .collect()
}

/// Reads a complete trace from JSON lines, and the description of the run from its first line.
///
/// # Errors
///
/// If a line of `text` isn't a record, or the first line doesn't describe the run.
pub fn read_run(text: &str) -> Result<(Run, Vec<Record>), String> {
    #[derive(Deserialize)]
    struct First {
        run: Kept,
    }
    #[derive(Deserialize)]
    struct Kept {
        model: String,
        scene: Option<String>,
        interpreter: Option<String>,
        seed: Seed,
        jobs: u64,
        #[serde(flatten)]
        plan: Plan,
    }
    let first = text.lines().next().unwrap_or_default();
    let first: First = serde_json::from_str(first).map_err(|error| format!("line 1: {error}"))?;
    let Kept { model, scene, interpreter, seed, jobs, plan } = first.run;
    let known = ["threads", "processes", "coroutines", "machines"].into_iter().find(|known| *known == model);
    let model = known.ok_or_else(|| format!("line 1: {model:?} is no model"))?;
    // The leak is harmless: a program reads few traces, and their names are short.
    let scene = scene.map(|scene| &*scene.leak());
    Ok((Run { model, scene, interpreter, seed, jobs, plan }, read(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    fn shown(quiet: bool) -> String {
        let mut out = Vec::new();
        Json::new(sample::run(), &mut out, quiet).show(&sample::whole()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_was_written_can_be_read_again() {
        let text = shown(false);
        assert_eq!(read(&text).unwrap(), sample::whole());
        assert_eq!(text.lines().count(), sample::whole().len());
    }

    #[test]
    fn the_first_line_says_what_is_run() {
        let text = shown(false);
        let run =
            r#""run":{"model":"threads","seed":1,"jobs":4,"workers":2,"time":1.0,"scale":1.0,"until_done":false}"#;
        assert_eq!(
            text.lines().next().unwrap(),
            format!(r#"{{"at":0.0,"worker":null,"event":"service_starting",{run}}}"#)
        );
        assert_eq!(read_run(&text), Ok((sample::run(), sample::whole())));
        let scene = Run { scene: Some("barrier"), ..sample::run() };
        let mut part = Vec::new();
        Json::new(scene.clone(), &mut part, false).show(&sample::whole()).unwrap();
        assert_eq!(read_run(&String::from_utf8(part).unwrap()).unwrap().0, scene);
        let error = |text: &str| read_run(text).unwrap_err();
        assert!(error(&shown(true)).starts_with("line 1: missing field `run`"));
        assert!(error("").starts_with("line 1: "));
        assert!(error(&text.replacen("threads", "fibers", 1)).starts_with("line 1: \"fibers\" is no model"));
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
