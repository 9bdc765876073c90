//! The views that a command line asks for, and the one call that shows records to all of them.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::mem;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};

use super::View;
use super::file::open;
use super::json::Json;
use super::log::Log;
use super::perfetto::Perfetto;
use super::progress::Progress;
use super::timeline::Timeline;
use crate::options::{Format, Output, When};
use crate::record::{Event, FailedJob, Record, Summary};
use crate::service::{Outcome, Run};
use crate::tally::Tally;

/// The views that the options ask for.
pub struct Views {
    run: Run,
    tally: Tally,
    views: Vec<Named>,
    failures: Vec<String>,
}

/// A view, and its name for error messages.
struct Named {
    what: &'static str,
    view: Box<dyn View>,
}

impl Named {
    fn new(what: &'static str, view: impl View + 'static) -> Self {
        Self { what, view: Box::new(view) }
    }
}

/// The failures of a run and of its views.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How many workers died.
    pub died: u64,
    /// How many jobs were lost.
    pub lost: u64,
    /// The jobs and the views that failed, with the reasons.
    pub failures: Vec<String>,
}

impl Views {
    /// Opens the outputs of the views. Existing files keep their content until a view writes to them.
    ///
    /// # Errors
    ///
    /// If a file can't be written. The error names the flag and the reason.
    pub fn open(run: Run, options: &Output, progress: When) -> Result<Self, String> {
        let mut views = Vec::new();
        if let Some(path) = &options.timeline {
            let file = open(path, "--timeline")?;
            let timeline = Timeline::new(run.clone(), file);
            views.push(Named::new(
                "the timeline",
                match options.timeline_window.clone() {
                    Some(window) => timeline.within(window),
                    None => timeline,
                },
            ));
        }
        if let Some(path) = &options.trace {
            let file = open(path, "--trace")?;
            views.push(Named::new("the trace", Perfetto::new(run.clone(), file)));
        }
        if let (Some(timeline), Some(trace)) = (&options.timeline, &options.trace)
            && timeline.canonicalize().ok() == trace.canonicalize().ok()
        {
            return Err("--timeline and --trace: expected two different files".to_owned());
        }
        let bars = match progress {
            When::Auto => io::stderr().is_terminal(),
            When::Always => true,
            When::Never => false,
        };
        let mut out: Box<dyn Write + Send> = Box::new(io::stdout());
        if bars {
            let progress = Progress::new(run.clone());
            if io::stdout().is_terminal() {
                out = Box::new(progress.beside(out));
            }
            views.push(Named::new("the progress", progress));
        }
        let colored = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        views.push(match options.format {
            Format::Text => {
                let log = Log::new(run.clone(), out, options.quiet).colored(colored);
                Named::new("standard output", if options.without_summary { log.without_summary() } else { log })
            }
            Format::Json => Named::new("standard output", Json::new(run.clone(), out, options.quiet)),
        });
        Ok(Self { run, tally: Tally::default(), views, failures: Vec::new() })
    }

    /// Shows some more records.
    pub fn show(&mut self, records: &[Record]) {
        records.iter().for_each(|record| self.tally.add(record));
        self.each(|view| view.show(records));
    }

    /// Adds the counts of records that aren't shown to the summary.
    pub fn count(&mut self, counts: Tally) {
        self.tally.merge(counts);
    }

    /// Whether all views ignore every record before the last.
    pub fn are_quiet(&self) -> bool {
        self.views.iter().all(|named| named.view.is_quiet())
    }

    /// Shows the last record, which has the summary, and finishes the views.
    pub fn finish(mut self, wall: Duration, outcome: Outcome) -> Report {
        let tally = mem::take(&mut self.tally);
        let died = tally.died();
        if let (failed, Some(FailedJob { job, failure })) = tally.failed() {
            let others = if failed == 1 { String::new() } else { format!(", and {} others failed, too", failed - 1) };
            self.failures.push(format!("job {} failed: {failure}{others}", job.number));
        }
        let summary = self.run.summary(tally, wall, outcome);
        self.stop(died, summary, wall)
    }

    /// The same for a run that made its summary itself, in a Python program. `wall` is its wall time.
    pub fn finish_with(self, summary: Summary, wall: Duration) -> Report {
        let interpreter = self.run.interpreter.clone();
        let died = self.tally.died();
        self.stop(died, Summary { interpreter, ..summary }, wall)
    }

    fn stop(mut self, died: u64, summary: Summary, wall: Duration) -> Report {
        let lost = summary.lost;
        let last = Record { at: wall, worker: None, event: Event::ServiceStopped(Box::new(summary)) };
        self.each(|view| view.show(std::slice::from_ref(&last)));
        self.each(|view| view.finish());
        Report { died, lost, failures: self.failures }
    }

    /// Drops a view that fails, and stores the error message. If the reader closed the pipe, that isn't reported as a
    /// failure.
    fn each(&mut self, mut show: impl FnMut(&mut dyn View) -> io::Result<()>) {
        let failures = &mut self.failures;
        self.views.retain_mut(|Named { what, view }| match show(view.as_mut()) {
            Ok(()) => true,
            Err(error) => {
                if error.kind() != ErrorKind::BrokenPipe {
                    failures.push(format!("cannot write {what}: {error}"));
                }
                false
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::view::sample;
    use clap::Parser;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        output: Output,
    }

    /// The options of a run that draws `timeline`.
    fn options(timeline: &Path) -> Output {
        let flag = format!("--timeline={}", timeline.display());
        CommandLine::parse_from(["test", "--quiet", &flag]).output
    }

    fn directory_with(content: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.svg");
        fs::write(&path, content).unwrap();
        (directory, path)
    }

    #[test]
    fn a_file_is_kept_when_the_run_fails_to_start() {
        let (_directory, path) = directory_with("the last run");
        let mut views = Views::open(sample::run(), &options(&path), When::Never).unwrap();
        views.show(&[]);
        drop(views);
        assert_eq!(fs::read_to_string(&path).unwrap(), "the last run");
    }

    #[test]
    fn a_path_that_cannot_be_written_is_found_out_before_the_run() {
        let directory = tempfile::tempdir().unwrap();
        let error = Views::open(sample::run(), &options(directory.path()), When::Never).err().unwrap();
        assert!(error.starts_with(&format!("--timeline={}: cannot write", directory.path().display())), "{error}");
    }

    /// A view that always fails with the given error.
    struct Broken(ErrorKind);

    impl View for Broken {
        fn show(&mut self, _: &[Record]) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_view_that_fails_is_reported_once_unless_its_reader_went_away() {
        let (full, gone) = (Broken(ErrorKind::StorageFull), Broken(ErrorKind::BrokenPipe));
        let views = vec![Named::new("the timeline", full), Named::new("standard output", gone)];
        let mut views = Views { run: sample::run(), tally: Tally::default(), views, failures: Vec::new() };
        views.show(&sample::records());
        views.show(&[]);
        assert!(views.views.is_empty());
        let [failure] = &views.failures[..] else { panic!("{:?}", views.failures) };
        assert!(failure.starts_with("cannot write the timeline: "), "{failure}");
    }
}
