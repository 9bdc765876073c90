//! Records as lines of text and the summary as a table, for people to read.

use std::io::{self, Write};

use super::View;
use super::summary::plural;
use crate::job::Job;
use crate::record::{Event, Record, WorkerId};
use crate::service::Run;

/// The number of bytes that are buffered before they are written.
const CHUNK: usize = 1 << 16;

/// Writes one line per record, with the time, the worker and the event.
pub struct Log<W> {
    run: Run,
    out: W,
    quiet: bool,
    summary: bool,
    colored: bool,
    text: Vec<u8>,
}

impl<W: Write> Log<W> {
    /// Writes to `out`, without colors; if `quiet`, only the summary.
    pub fn new(run: Run, out: W, quiet: bool) -> Self {
        Self { run, out, quiet, summary: true, colored: false, text: Vec::with_capacity(CHUNK) }
    }

    /// Writes in color, if `colored`, for a terminal.
    pub fn colored(self, colored: bool) -> Self {
        Self { colored, ..self }
    }

    /// Leaves the summary out, unless nothing else is written.
    pub fn without_summary(self) -> Self {
        Self { summary: self.quiet, ..self }
    }

    fn line(&mut self, record: &Record) {
        let text = &mut self.text;
        let color = if self.colored { color(&record.event) } else { "" };
        push(text, color);
        push_number(text, record.at.as_secs(), 4, b' ');
        push(text, ".");
        push_number(text, record.at.subsec_micros().into(), 6, b'0');
        push_name(text, record.worker);
        push_event(text, &record.event, &self.run);
        push(text, if color.is_empty() { "\n" } else { "\x1b[0m\n" });
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.write_all(&self.text)?;
        self.text.clear();
        Ok(())
    }
}

impl<W: Write + Send> View for Log<W> {
    fn is_quiet(&self) -> bool {
        self.quiet
    }

    fn show(&mut self, records: &[Record]) -> io::Result<()> {
        for record in records {
            if !self.quiet {
                self.line(record);
            }
            if let (Event::ServiceStopped(summary), true) = (&record.event, self.summary) {
                let space = if self.quiet { "" } else { "\n" };
                write!(self.text, "{space}{summary}")?;
            }
            if self.text.len() >= CHUNK {
                self.write()?;
            }
        }
        self.write()?;
        self.out.flush()
    }
}

/// The escape sequence before a line: bold for the service, dim for waiting, green for completed jobs, red for failed ones
/// and for workers that died.
fn color(event: &Event) -> &'static str {
    match event {
        Event::ServiceStarting | Event::ServiceStopping | Event::ServiceStopped(_) => "\x1b[1m",
        Event::JobCompleted(_) => "\x1b[32m",
        Event::NoWork | Event::GilAcquired | Event::GilReleased => "\x1b[2m",
        Event::WaitStarted(_) | Event::WaitEnded(_) => "\x1b[2m",
        Event::JobFailed(_) | Event::JobLost(_) => "\x1b[1;31m",
        Event::WorkerDied(_) | Event::BrokerDied(_) | Event::NetworkCut => "\x1b[1;31m",
        Event::JobRedelivered(_) | Event::ResultIgnored(_) => "\x1b[33m",
        Event::NetworkRestored | Event::BrokerRestarted(_) | Event::LeaderElected(_) => "\x1b[1m",
        Event::WorkerStarted | Event::JobStarted(_) | Event::WorkerFinished => "",
        Event::JobPut(_) | Event::Acquired(_) | Event::Released(_) | Event::Signalled(_) => "",
    }
}

fn push_event(text: &mut Vec<u8>, event: &Event, run: &Run) {
    match event {
        Event::ServiceStarting => push(text, &starting(run)),
        Event::WorkerStarted => push(text, "started"),
        Event::JobStarted(job) => {
            push_job(text, "starts job ", job);
            push(text, ", size ");
            let thousandths = (job.size * 1000.0).round() as u64;
            push_number(text, thousandths / 1000, 1, b' ');
            push(text, ".");
            push_number(text, thousandths % 1000, 3, b'0');
        }
        Event::JobCompleted(job) => push_job(text, "completed job ", job),
        Event::JobFailed(failed) => {
            push_job(text, "failed job ", &failed.job);
            push(text, &format!(": {}", failed.failure));
        }
        Event::NoWork => push(text, "found no work"),
        Event::GilAcquired => push(text, "acquired the GIL"),
        Event::GilReleased => push(text, "released the GIL"),
        Event::ServiceStopping => push(text, "stopping"),
        Event::WorkerFinished => push(text, "finished"),
        Event::WorkerDied(Some(job)) => push_job(text, "died while running job ", job),
        Event::WorkerDied(None) => push(text, "died"),
        Event::ServiceStopped(_) => push(text, "stopped"),
        Event::JobPut(job) => push_job(text, "puts job ", job),
        Event::WaitStarted(resource) => push_both(text, "waits ", resource.waited_for()),
        Event::WaitEnded(resource) => push_both(text, "waited ", resource.waited_for()),
        Event::Acquired(resource) => push_both(text, "holds ", resource.held()),
        Event::Released(resource) => push_both(text, "releases ", resource.held()),
        Event::Signalled(resource) => push(text, resource.signalled()),
        Event::JobRedelivered(job) => {
            push_job(text, "takes job ", job);
            push(text, ", which was delivered before");
        }
        Event::ResultIgnored(job) => {
            push_job(text, "also completed job ", job);
            push(text, ", which doesn't count");
        }
        Event::JobLost(job) => {
            push_job(text, "gives up job ", job);
            push(text, ", which is lost");
        }
        Event::NetworkCut => push(text, "is cut off from the brokers"),
        Event::NetworkRestored => push(text, "is connected again"),
        Event::BrokerDied(broker) => push(text, &format!("{broker} died")),
        Event::BrokerRestarted(broker) => push(text, &format!("{broker} is running again")),
        Event::LeaderElected(broker) => push(text, &format!("{broker} leads")),
    }
}

fn starting(run: &Run) -> String {
    let Run { scene, seed, jobs, plan, .. } = run;
    let (name, workers, jobs) = (run.name(), plural(plan.workers.into(), "worker"), plural(*jobs, "job"));
    if scene.is_some() {
        return format!("starting {name}: {workers}, {jobs}, seed {seed}");
    }
    let sooner = if plan.until_done { "until all are done, at most " } else { "" };
    format!("starting {name}: {workers}, {jobs}, {sooner}{} s, seed {seed}", plan.time.as_secs_f64())
}

fn push_both(text: &mut Vec<u8>, one: &str, other: &str) {
    push(text, one);
    push(text, other);
}

fn push_job(text: &mut Vec<u8>, what: &str, job: &Job) {
    push(text, what);
    push_number(text, job.number, 1, b' ');
}

/// A column of 14 characters, two of them before the name.
fn push_name(text: &mut Vec<u8>, worker: Option<WorkerId>) {
    let column = text.len() + 14;
    match worker {
        Some(WorkerId(number)) => {
            push(text, "  worker-");
            push_number(text, u64::from(number) + 1, 1, b' ');
        }
        None => push(text, "  service"),
    }
    text.push(b' ');
    text.resize(text.len().max(column), b' ');
}

fn push(text: &mut Vec<u8>, more: &str) {
    text.extend_from_slice(more.as_bytes());
}

/// Pushes `number`, padded on the left with `fill` to `width` characters. This is much faster than `write!`.
fn push_number(text: &mut Vec<u8>, mut number: u64, width: usize, fill: u8) {
    let mut digits = [fill; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[first.min(digits.len() - width)..]);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::view::sample;

    fn shown(log: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        log(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The log of these events, each with the number of its worker, or 0 for the service.
    fn lines(run: Run, events: impl IntoIterator<Item = (u32, Event)>) -> String {
        let records: Vec<Record> = events.into_iter().map(|(who, event)| sample::record(0, who, event)).collect();
        shown(|out| Log::new(run, out, false).show(&records))
    }

    #[test]
    fn a_run_has_a_line_for_each_record_and_a_summary() {
        let lines = "   0.000000  service     starting threads: 2 workers, 4 jobs, 1 s, seed 1
   0.100000  worker-1    started
   0.100000  worker-2    started
   0.100000  worker-1    starts job 0, size 0.634
   0.200000  worker-2    starts job 1, size 0.634
   0.400000  worker-1    completed job 0
   0.500000  worker-1    found no work
   0.600000  worker-1    starts job 2, size 0.634
   0.800000  worker-2    died while running job 1
   1.000000  service     stopping
   1.200000  worker-1    completed job 2
   1.200000  worker-1    finished
   1.200000  service     stopped
";
        let log = shown(|out| Log::new(sample::run(), out, false).show(&sample::whole()));
        assert_eq!(log, format!("{lines}\n{}", sample::summary()));
    }

    #[test]
    fn a_quiet_log_is_the_summary_alone() {
        let log = shown(|out| Log::new(sample::run(), out, true).show(&sample::whole()));
        assert_eq!(log, sample::summary().to_string());
    }

    #[test]
    fn the_summary_can_be_left_out_unless_nothing_else_is_there() {
        let without = |quiet| shown(|out| Log::new(sample::run(), out, quiet).without_summary().show(&sample::whole()));
        assert!(without(false).ends_with("service     stopped\n"));
        assert_eq!(without(true), sample::summary().to_string());
    }

    #[test]
    fn a_scene_has_a_sentence_for_each_record() {
        use crate::record::Resource;
        let run = Run { scene: Some("barrier"), ..sample::run() };
        let events = [
            (0, Event::ServiceStarting),
            (2, Event::JobPut(sample::job(3))),
            (2, Event::WaitStarted(Resource::Barrier)),
            (1, Event::Signalled(Resource::Barrier)),
            (2, Event::WaitEnded(Resource::Barrier)),
            (1, Event::Acquired(Resource::Semaphore)),
            (1, Event::Released(Resource::Semaphore)),
        ];
        let expected = "   0.000000  service     starting barrier with threads: 2 workers, 4 jobs, seed 1
   0.000000  worker-2    puts job 3
   0.000000  worker-2    waits at the barrier
   0.000000  worker-1    opens the barrier
   0.000000  worker-2    waited at the barrier
   0.000000  worker-1    holds a permit
   0.000000  worker-1    releases a permit
";
        assert_eq!(lines(run, events), expected);
    }

    #[test]
    fn kills_and_their_consequences_have_lines() {
        use crate::record::BrokerId;
        let events = [
            (0, Event::LeaderElected(BrokerId(1))),
            (1, Event::NetworkCut),
            (2, Event::JobRedelivered(sample::job(3))),
            (0, Event::BrokerDied(BrokerId(1))),
            (0, Event::BrokerRestarted(BrokerId(1))),
            (1, Event::NetworkRestored),
            (1, Event::ResultIgnored(sample::job(3))),
            (2, Event::JobLost(sample::job(2))),
        ];
        let expected = "   0.000000  service     broker-2 leads
   0.000000  worker-1    is cut off from the brokers
   0.000000  worker-2    takes job 3, which was delivered before
   0.000000  service     broker-2 died
   0.000000  service     broker-2 is running again
   0.000000  worker-1    is connected again
   0.000000  worker-1    also completed job 3, which doesn't count
   0.000000  worker-2    gives up job 2, which is lost
";
        assert_eq!(lines(sample::run(), events), expected);
    }

    #[test]
    fn a_failed_job_is_told_with_the_reason() {
        use crate::job::Failure;
        let failed = [(2, Event::ended(sample::job(3), Err(Failure::NoAnswer)))];
        let line = "   0.000000  worker-2    failed job 3: the server didn't answer in time\n";
        assert_eq!(lines(sample::run(), failed), line);
    }

    #[test]
    fn columns_give_way_to_what_does_not_fit() {
        let late = Record { at: Duration::from_micros(86_400_000_007), ..sample::record(0, 100_000, Event::NoWork) };
        let log = shown(|out| Log::new(sample::run(), out, false).show(&[late]));
        assert_eq!(log, "86400.000007  worker-100000 found no work\n");
    }

    #[test]
    fn colors_are_there_only_when_asked_for_and_end_with_their_line() {
        let log = |colored| shown(|out| Log::new(sample::run(), out, false).colored(colored).show(&sample::records()));
        assert!(!log(false).contains('\x1b'));
        assert!(log(true).contains("\x1b[1;31m   0.800000  worker-2    died while running job 1\x1b[0m\n"));
        for line in log(true).lines() {
            assert_eq!(line.contains('\x1b'), line.ends_with("\x1b[0m"), "{line:?}");
        }
    }

    #[test]
    fn a_closed_pipe_is_an_error_and_no_panic() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = Log::new(sample::run(), Gone, false).show(&sample::records()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
