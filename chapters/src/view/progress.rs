//! Shows progress on standard error: on a terminal, a line for each worker and a bar for all of them; otherwise, a
//! plain line every second.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use super::View;
use super::summary::plural;
use crate::record::{Event, Record, WorkerId};
use crate::service::Run;

/// The greatest number of workers with a line each.
const LINES: usize = 16;
/// The time between two updates of the bars: long enough for reading, and for a negligible cost.
const REDRAW: Duration = Duration::from_millis(100);
/// The time between two plain lines.
const REPEAT: Duration = Duration::from_secs(1);

/// Shows the progress of the workers.
pub struct Progress {
    state: State,
    display: Display,
    /// The time from which the times of records are counted. It lets the display advance even without new records.
    origin: Option<Instant>,
    drawn: Option<Instant>,
}

enum Display {
    /// One bar with several lines, so that all of them change at once.
    Bar(ProgressBar),
    Plain(Box<dyn Write + Send>),
}

impl Progress {
    /// Shows progress on standard error: bars if it's a terminal, plain lines otherwise.
    pub fn new(run: Run) -> Self {
        let bar = ProgressBar::with_draw_target(Some(run.jobs), ProgressDrawTarget::stderr_with_hz(60));
        let template = "{msg}\n[{wide_bar}] {prefix}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("=> "));
        let display = if bar.is_hidden() {
            Display::Plain(Box::new(io::stderr()))
        } else {
            Display::Bar(bar.with_finish(ProgressFinish::AndClear))
        };
        Self::on(display, run)
    }

    fn on(display: Display, run: Run) -> Self {
        Self { state: State::new(run), display, origin: None, drawn: None }
    }

    /// Wraps `out`, so that its text and the bars don't overwrite each other on a terminal.
    pub fn beside<W: Write + Send>(&self, out: W) -> impl Write + Send + use<W> {
        let bar = match &self.display {
            Display::Bar(bar) => bar.clone(),
            Display::Plain(_) => ProgressBar::hidden(),
        };
        Beside { out, bar, begun: Vec::new() }
    }

    fn draw(&mut self, now: Instant) -> io::Result<()> {
        let Some(origin) = self.origin else { return Ok(()) };
        let (state, at) = (&self.state, now.saturating_duration_since(origin));
        match &mut self.display {
            Display::Bar(bar) => {
                let room = usize::from(Term::stderr().size().0).saturating_sub(3);
                bar.set_prefix(state.whole(at));
                bar.set_message(state.lines(at, room.min(LINES)));
                bar.set_position(state.completed);
            }
            Display::Plain(out) => writeln!(out, "progress: {}", state.whole(at))?,
        }
        Ok(())
    }

    /// Adds records at the time `now`, and redraws if the last drawing is old enough.
    fn advance(&mut self, records: &[Record], now: Instant) -> io::Result<()> {
        records.iter().for_each(|record| self.state.add(record));
        if let (None, Some(record)) = (self.origin, records.last()) {
            self.origin = now.checked_sub(record.at);
            self.drawn = self.origin;
        }
        let pause = if matches!(self.display, Display::Bar(_)) { REDRAW } else { REPEAT };
        if self.drawn.is_some_and(|drawn| now.saturating_duration_since(drawn) >= pause) {
            self.drawn = Some(now);
            self.draw(now)?;
        }
        Ok(())
    }
}

impl View for Progress {
    fn show(&mut self, records: &[Record]) -> io::Result<()> {
        self.advance(records, Instant::now())
    }

    fn finish(&mut self) -> io::Result<()> {
        match &mut self.display {
            Display::Bar(bar) => bar.finish_and_clear(),
            Display::Plain(_) => self.draw(Instant::now())?,
        }
        Ok(())
    }
}

/// A writer that hides the bars while it writes. It writes only whole lines, because hiding the bars would erase half a
/// line in front of them.
struct Beside<W> {
    out: W,
    bar: ProgressBar,
    begun: Vec<u8>,
}

impl<W: Write> Write for Beside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        if let Some(end) = self.begun.iter().rposition(|&byte| byte == b'\n') {
            let (bar, out, lines) = (&self.bar, &mut self.out, &self.begun[..=end]);
            bar.suspend(|| out.write_all(lines).and_then(|()| out.flush()))?;
            self.begun.drain(..=end);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The state of the run so far.
struct State {
    run: Run,
    workers: Vec<Worker>,
    completed: u64,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Running,
    Stopping,
    Stopped,
}

#[derive(Clone, Copy)]
struct Worker {
    doing: Doing,
    completed: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Doing {
    Starting,
    Waiting,
    Job { number: u64, since: Duration },
    Finished,
    Died,
}

impl State {
    fn new(run: Run) -> Self {
        let workers = vec![Worker { doing: Doing::Starting, completed: 0 }; run.plan.workers as usize];
        Self { run, workers, completed: 0, phase: Phase::Running }
    }

    fn add(&mut self, record: &Record) {
        match record.event {
            Event::ServiceStopping => self.phase = Phase::Stopping,
            Event::ServiceStopped(_) => self.phase = Phase::Stopped,
            _ => {}
        }
        let worker = record.worker.and_then(|WorkerId(number)| self.workers.get_mut(number as usize));
        let Some(worker) = worker else { return };
        worker.doing = match &record.event {
            Event::JobStarted(job) => Doing::Job { number: job.number, since: record.at },
            Event::ResultIgnored(_) | Event::JobLost(_) | Event::JobFailed(_) => Doing::Waiting,
            Event::JobCompleted(_) => {
                worker.completed += 1;
                self.completed += 1;
                Doing::Waiting
            }
            Event::WorkerStarted | Event::NoWork | Event::WaitStarted(_) => Doing::Waiting,
            Event::WorkerFinished => Doing::Finished,
            Event::WorkerDied(_) => Doing::Died,
            Event::GilAcquired | Event::GilReleased | Event::Acquired(_) | Event::Released(_) => worker.doing,
            Event::WaitEnded(_) | Event::JobPut(_) | Event::Signalled(_) => worker.doing,
            Event::JobRedelivered(_) | Event::NetworkCut | Event::NetworkRestored => worker.doing,
            Event::BrokerDied(_) | Event::BrokerRestarted(_) | Event::LeaderElected(_) => worker.doing,
            Event::ServiceStarting | Event::ServiceStopping | Event::ServiceStopped(_) => worker.doing,
        };
    }

    /// The current activity of each worker at the time `at`, in at most `room` lines.
    fn lines(&self, at: Duration, room: usize) -> String {
        let shown = if self.workers.len() <= room { room } else { room.saturating_sub(1) };
        let mut lines: Vec<String> = Vec::new();
        for (number, Worker { doing, completed }) in (0..).zip(self.workers.iter().take(shown)) {
            let doing = match doing {
                Doing::Starting => "starting".to_owned(),
                Doing::Waiting => "waiting".to_owned(),
                Doing::Job { number, since } => {
                    format!("job {number}, {:.1} s", at.saturating_sub(*since).as_secs_f64())
                }
                Doing::Finished => "finished".to_owned(),
                Doing::Died => "died".to_owned(),
            };
            let name = WorkerId(number).to_string();
            lines.push(format!("{name:<12} {doing:<20} {completed:>7} done"));
        }
        if let Some(others @ [_, ..]) = self.workers.get(shown..) {
            let busy = others.iter().filter(|worker| matches!(worker.doing, Doing::Job { .. })).count();
            let done: u64 = others.iter().map(|worker| worker.completed).sum();
            let name = format!("{} more", others.len());
            lines.push(format!("{name:<12} {:<20} {done:>7} done", format!("{busy} of them at a job")));
        }
        lines.join("\n")
    }

    /// The progress of all workers at the time `at`.
    fn whole(&self, at: Duration) -> String {
        let left = self.run.plan.time.saturating_sub(at);
        let time = match self.phase {
            Phase::Stopped => "stopped".to_owned(),
            Phase::Running if !left.is_zero() => format!("{:.1} s left", left.as_secs_f64()),
            Phase::Running | Phase::Stopping => "stopping".to_owned(),
        };
        format!("{} of {} done, {time}", self.completed, plural(self.run.jobs, "job"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::view::sample;

    fn after(records: &[Record]) -> State {
        let mut state = State::new(sample::run());
        records.iter().for_each(|record| state.add(record));
        state
    }

    #[test]
    fn every_worker_has_a_line_that_says_what_it_does() {
        let records = sample::records();
        let lines = after(&records[..6]).lines(Duration::from_millis(500), LINES);
        let expected = "\
worker-1     waiting                    1 done
worker-2     job 1, 0.3 s               0 done";
        assert_eq!(lines, expected);
        let lines = after(&records).lines(Duration::from_secs(2), LINES);
        assert!(lines.contains("finished") && lines.contains("died"), "{lines}");
    }

    #[test]
    fn workers_that_do_not_fit_share_a_line() {
        let mut state = State::new(Run { jobs: 1, ..sample::run() });
        state.workers = vec![Worker { doing: Doing::Waiting, completed: 3 }; 10_000];
        let lines = state.lines(Duration::ZERO, 4);
        assert_eq!(lines.lines().count(), 4);
        assert!(lines.ends_with("\n9997 more    0 of them at a job     29991 done"), "{lines}");
        assert_eq!(state.lines(Duration::ZERO, 0).lines().count(), 1);
    }

    #[test]
    fn time_left_goes_on_without_records_until_the_service_stops() {
        let records = sample::records();
        let whole = |count: usize, millis| after(&records[..count]).whole(Duration::from_millis(millis));
        assert_eq!(whole(6, 400), "1 of 4 jobs done, 0.6 s left");
        assert_eq!(whole(6, 900), "1 of 4 jobs done, 0.1 s left");
        assert_eq!(whole(6, 1000), "1 of 4 jobs done, stopping");
        assert_eq!(whole(10, 900), "1 of 4 jobs done, stopping");
        assert_eq!(after(&sample::whole()).whole(Duration::from_secs(2)), "2 of 4 jobs done, stopped");
    }

    /// A writer that a test can read while the display owns a clone of it.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn where_nothing_can_be_drawn_over_a_line_comes_once_a_second_and_at_the_end() {
        let page = Page::default();
        let mut run = sample::run();
        run.plan.time = Duration::from_secs(10);
        let mut progress = Progress::on(Display::Plain(Box::new(page.clone())), run);
        let now = Instant::now();
        progress.advance(&sample::records()[..1], now).unwrap();
        for tick in 0..250 {
            progress.advance(&[], now + 10 * tick * Duration::from_millis(1)).unwrap();
        }
        assert_eq!(page.text().lines().count(), 2, "{}", page.text());
        assert!(page.text().starts_with("progress: 0 of 4 jobs done, 9.0 s left\n"));
        progress.advance(&sample::whole()[1..], now).unwrap();
        progress.finish().unwrap();
        assert!(page.text().ends_with("progress: 2 of 4 jobs done, stopped\n"));
    }

    #[test]
    fn what_is_written_beside_the_bars_arrives_line_by_line() {
        let page = Page::default();
        let mut beside = Progress::on(Display::Plain(Box::new(io::sink())), sample::run()).beside(page.clone());
        beside.write_all(b"one\ntw").unwrap();
        assert_eq!(page.text(), "one\n");
        beside.write_all(b"o\nthree\n").unwrap();
        beside.flush().unwrap();
        assert_eq!(page.text(), "one\ntwo\nthree\n");
    }
}
