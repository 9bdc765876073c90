//! The summary of a run: what became of the jobs, who did how much, and what it cost.
//!
//! A [`Tally`] counts while the records go by; at the end it becomes a [`Summary`], which is also a line of JSON and,
//! with [`Display`](std::fmt::Display), a table.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Run;
use crate::demo::Stopped;
use crate::random::Seed;
use crate::trace::{Event, Record, WorkerId, seconds};

/// What became of a run. `jobs = completed + left + lost`, always.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// `threads`, `processes` or `coroutines`.
    pub model: String,
    /// The part of a tour that was shown, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<String>,
    /// What the sizes of the jobs were made from.
    pub seed: Seed,
    /// How many jobs there were.
    pub jobs: u64,
    /// How many a worker did and said so.
    pub completed: u64,
    /// How many still were on the queue.
    pub left: u64,
    /// How many a worker took and nobody heard of again.
    pub lost: u64,
    /// From the service's start to the end of its last worker.
    pub wall_seconds: f64,
    /// What all processes together used of the processors.
    pub cpu_seconds: f64,
    /// The most memory that was resident, of all processes together. Pages that processes share count for each of them.
    pub peak_rss_bytes: u64,
    /// Each worker's share, in order.
    pub workers: Vec<WorkerSummary>,
}

/// What one worker did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerSummary {
    /// The worker's name.
    pub name: String,
    /// How many jobs it completed.
    pub completed: u64,
    /// How long it was busy with jobs, the one included that it did not complete.
    pub busy_seconds: f64,
}

/// Counts what the records say.
#[derive(Debug, Default)]
pub struct Tally {
    workers: BTreeMap<WorkerId, Worker>,
    begun: u64,
    completed: u64,
    died: u64,
}

#[derive(Debug, Default)]
struct Worker {
    completed: u64,
    busy: Duration,
    started: Option<Duration>,
}

impl Worker {
    fn stop_work(&mut self, at: Duration) {
        if let Some(started) = self.started.take() {
            self.busy += at.saturating_sub(started);
        }
    }
}

impl Tally {
    /// Counts one record.
    pub fn add(&mut self, record: &Record) {
        let Some(id) = record.worker else { return };
        let worker = self.workers.entry(id).or_default();
        match record.event {
            Event::JobStarted(_) => {
                worker.started = Some(record.at);
                self.begun += 1;
            }
            Event::JobCompleted(_) => {
                worker.stop_work(record.at);
                worker.completed += 1;
                self.completed += 1;
            }
            Event::WorkerDied(_) => {
                worker.stop_work(record.at);
                self.died += 1;
            }
            _ => {}
        }
    }

    /// Adds what another one has counted, of other workers.
    pub fn merge(&mut self, other: Self) {
        self.workers.extend(other.workers);
        self.begun += other.begun;
        self.completed += other.completed;
        self.died += other.died;
    }

    /// How many jobs have been completed.
    pub fn completed(&self) -> u64 {
        self.completed
    }

    /// How many workers have died.
    pub fn died(&self) -> u64 {
        self.died
    }

    /// What it all comes to, for a run that ended at `wall`.
    pub fn summary(self, run: &Run, wall: Duration, stopped: Stopped) -> Summary {
        let share = |(id, worker): (WorkerId, Worker)| WorkerSummary {
            name: id.to_string(),
            completed: worker.completed,
            busy_seconds: seconds(worker.busy),
        };
        // A scene has no queue that all jobs are on: what no worker began is left.
        let left = if run.scene.is_some() { run.jobs.saturating_sub(self.begun) } else { stopped.left };
        Summary {
            model: run.model.to_owned(),
            scene: run.scene.map(str::to_owned),
            seed: run.seed.clone(),
            jobs: run.jobs,
            completed: self.completed,
            left,
            lost: run.jobs.saturating_sub(self.completed + left),
            wall_seconds: seconds(wall),
            cpu_seconds: seconds(stopped.usage.cpu),
            peak_rss_bytes: stopped.usage.peak_rss,
            workers: self.workers.into_iter().map(share).collect(),
        }
    }
}

/// How many workers the table has a line for. The others share one.
const LINES: usize = 20;

/// The width of the first column: wide enough for the names of 10,000 workers, and for the words below them.
const NAMES: usize = 12;

/// The summary as a table, with a newline at the end of each line.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{:<NAMES$} {:>9} {:>12} {:>13}", "worker", "jobs", "busy", "of wall time")?;
        // A line that stands for one worker alone would save nothing.
        let lines = if self.workers.len() == LINES + 1 { LINES + 1 } else { LINES };
        for WorkerSummary { name, completed, busy_seconds } in self.workers.iter().take(lines) {
            let share = percent(*busy_seconds, self.wall_seconds);
            writeln!(f, "{name:<NAMES$} {completed:>9} {busy_seconds:>10.3} s {share:>11.0} %")?;
        }
        let mut others: Vec<u64> = self.workers.iter().skip(lines).map(|worker| worker.completed).collect();
        others.sort_unstable();
        if let [fewest, .., most] = others[..] {
            let (count, median) = (others.len(), others[others.len() / 2]);
            writeln!(f, "{count} more workers: fewest jobs {fewest}, median {median}, most {most}")?;
        }

        let Summary { jobs, completed, left, lost, wall_seconds, cpu_seconds, seed, .. } = self;
        let share = percent(*cpu_seconds, *wall_seconds);
        let memory = self.peak_rss_bytes as f64 / f64::from(1 << 20);
        let total = counted(*jobs, "job");
        writeln!(f)?;
        writeln!(f, "{:<NAMES$} {total}: {completed} completed, {left} left, {lost} lost", "all workers")?;
        writeln!(f, "{:<NAMES$} {wall_seconds:.3} s", "wall time")?;
        writeln!(f, "{:<NAMES$} {cpu_seconds:.3} s, {share:.0} % of wall time", "CPU time")?;
        writeln!(f, "{:<NAMES$} {memory:.1} MiB", "peak memory")?;
        writeln!(f, "{:<NAMES$} {seed}; the same jobs again: --seed={seed}", "seed")
    }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}

/// A number of things: `1 job`, `2 jobs`.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Usage;
    use crate::view::sample;

    fn summary(workers: u64) -> Summary {
        let worker = |number| WorkerSummary {
            name: format!("worker-{number}"),
            completed: number % 7,
            busy_seconds: number as f64 / 1000.0,
        };
        let workers: Vec<_> = (1..=workers).map(worker).collect();
        let completed = workers.iter().map(|worker| worker.completed).sum();
        Summary {
            model: "coroutines".to_owned(),
            scene: None,
            seed: Seed::from(-3),
            jobs: completed,
            completed,
            left: 0,
            lost: 0,
            wall_seconds: 10.0,
            cpu_seconds: 2.5,
            peak_rss_bytes: 20 << 20,
            workers,
        }
    }

    #[test]
    fn every_job_is_completed_left_or_lost() {
        let mut tally = Tally::default();
        sample::records().iter().for_each(|record| tally.add(record));
        assert_eq!((tally.completed(), tally.died()), (2, 1));
        let usage = Usage { cpu: Duration::from_millis(1600), peak_rss: 3 << 20 };
        let summary = tally.summary(&sample::run(), Duration::from_millis(1200), Stopped { left: 1, usage });
        assert_eq!((summary.jobs, summary.completed, summary.left, summary.lost), (4, 2, 1, 1));
        assert_eq!(summary.workers[1].busy_seconds, 0.6, "the job counts that died with its worker");
        assert_eq!(summary, sample::summary());
    }

    #[test]
    fn the_table_has_a_line_for_every_worker_and_says_how_to_run_it_again() {
        let table = "\
worker            jobs         busy  of wall time
worker-1             2      0.900 s          75 %
worker-2             0      0.600 s          50 %

all workers  4 jobs: 2 completed, 1 left, 1 lost
wall time    1.200 s
CPU time     1.600 s, 133 % of wall time
peak memory  3.0 MiB
seed         1; the same jobs again: --seed=1
";
        assert_eq!(sample::summary().to_string(), table);
    }

    #[test]
    fn the_table_stays_readable_with_many_workers() {
        let table = summary(10_000).to_string();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 1 + 20 + 1 + 6);
        assert_eq!(lines[20], "worker-20            6      0.020 s           0 %");
        assert_eq!(lines[21], "9980 more workers: fewest jobs 0, median 3, most 6");
        assert!(summary(21).to_string().contains("worker-21 "), "no line sums up a single worker");
        assert!(summary(22).to_string().contains("\n2 more workers: fewest jobs 0, median 1, most 1\n"));
    }

    #[test]
    fn the_table_of_a_run_without_jobs_or_time_divides_by_nothing() {
        let table = Summary { wall_seconds: 0.0, jobs: 1, ..summary(1) }.to_string();
        assert!(table.contains("worker-1             1      0.001 s           0 %\n"));
        assert!(table.contains("all workers  1 job: 1 completed, 0 left, 0 lost\n"));
        assert_eq!(summary(0).to_string().lines().count(), 7);
    }
}
