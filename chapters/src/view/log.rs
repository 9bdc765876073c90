//! Records as lines of text, and the summary as a table: for people.

use std::io::{self, BufWriter, Write};

use super::{Run, View};
use crate::trace::{Event, Record};

/// Writes one line a record.
pub struct Log<W: Write> {
    run: Run,
    out: BufWriter<W>,
    quiet: bool,
}

impl<W: Write> Log<W> {
    /// Writes to `out`; if `quiet`, only the summary.
    pub fn new(run: Run, out: W, quiet: bool) -> Self {
        Self { run, out: BufWriter::with_capacity(1 << 16, out), quiet }
    }

    fn line(&mut self, record: &Record) -> io::Result<()> {
        let (seconds, micros) = (record.at.as_secs(), record.at.subsec_micros());
        let out = &mut self.out;
        write!(out, "{seconds:3}.{micros:06}  ")?;
        match record.worker {
            Some(worker) => write!(out, "{worker:<10} ")?,
            None => write!(out, "service    ")?,
        }
        match &record.event {
            Event::ServiceStarting => {
                let Run { model, seed, jobs, plan } = &self.run;
                let (workers, time) = (plan.workers, plan.time.as_secs_f64());
                writeln!(out, "starting {workers} {model} on {jobs} jobs from seed {seed}, for {time} s")
            }
            Event::WorkerStarted => writeln!(out, "started"),
            Event::JobStarted(job) => writeln!(out, "starts job {}, size {:.3}", job.number, job.size),
            Event::JobCompleted(job) => writeln!(out, "completed job {}", job.number),
            Event::NoWork => writeln!(out, "found no work"),
            Event::ServiceStopping => writeln!(out, "stopping"),
            Event::WorkerFinished => writeln!(out, "finished"),
            Event::WorkerDied(Some(job)) => writeln!(out, "died, and job {} with it", job.number),
            Event::WorkerDied(None) => writeln!(out, "died"),
            Event::ServiceStopped(_) => writeln!(out, "stopped"),
        }
    }
}

impl<W: Write + Send> View for Log<W> {
    fn show(&mut self, records: &[Record]) -> io::Result<()> {
        for record in records {
            if !self.quiet {
                self.line(record)?;
            }
            if let Event::ServiceStopped(summary) = &record.event {
                writeln!(self.out, "{summary:?}")?;
            }
        }
        self.out.flush()
    }
}
