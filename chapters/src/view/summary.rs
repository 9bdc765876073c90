//! The summary of a run as a table: the outcome of the jobs, the work of each worker, and the cost of the run.

use std::fmt;

use crate::record::{Deliveries, Summary, WorkerSummary};

/// The number of workers with a line each. The others share a line.
const LINES: usize = 20;

/// The width of the first column: wide enough for the names of 10,000 workers, and for the words below them.
const NAMES: usize = 12;

/// The shortest wall time, in seconds, of which the CPU time is shown as a share. The CPU time includes the preparation of
/// the service, before the wall time begins, so in a run that's stopped at once, it's many times the wall time.
const SHORTEST: f64 = 0.1;

/// The summary as a table, with a newline at the end of each line.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{:<NAMES$} {:>9} {:>12} {:>13}", "worker", "jobs", "busy", "of wall time")?;
        // A shared line for a single worker wouldn't save space.
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

        let Summary { jobs, completed, left, lost, wall_seconds, cpu_seconds, seed, interpreter, .. } = self;
        let memory = self.peak_rss_bytes as f64 / f64::from(1 << 20);
        let total = plural(*jobs, "job");
        writeln!(f)?;
        writeln!(f, "{:<NAMES$} {total}: {completed} completed, {left} left, {lost} lost", "all workers")?;
        if let Some(Deliveries { redelivered, ignored }) = self.deliveries {
            writeln!(f, "{:<NAMES$} {redelivered} repeated, {} ignored", "deliveries", plural(ignored, "result"))?;
        }
        writeln!(f, "{:<NAMES$} {wall_seconds:.3} s", "wall time")?;
        write!(f, "{:<NAMES$} {cpu_seconds:.3} s", "CPU time")?;
        if *wall_seconds >= SHORTEST {
            write!(f, ", {:.0} % of wall time", percent(*cpu_seconds, *wall_seconds))?;
        }
        writeln!(f)?;
        writeln!(f, "{:<NAMES$} {memory:.1} MiB", "peak memory")?;
        if let Some(interpreter) = interpreter {
            writeln!(f, "{:<NAMES$} {interpreter}", "interpreter")?;
        }
        writeln!(f, "{:<NAMES$} {seed}; the same jobs again: --seed={seed}", "seed")
    }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}

/// A number of things: `1 job`, `2 jobs`.
pub(crate) fn plural(number: u64, resource: &str) -> String {
    format!("{number} {resource}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
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
            interpreter: None,
            seed: Seed::from(-3),
            jobs: completed,
            completed,
            left: 0,
            lost: 0,
            wall_seconds: 10.0,
            cpu_seconds: 2.5,
            peak_rss_bytes: 20 << 20,
            deliveries: None,
            workers,
        }
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
    fn the_table_counts_what_a_broker_repeated() {
        let deliveries = Some(Deliveries { redelivered: 1, ignored: 2 });
        let table = Summary { deliveries, ..summary(1) }.to_string();
        assert!(table.contains("\ndeliveries   1 repeated, 2 results ignored\n"), "{table}");
    }

    #[test]
    fn the_table_of_a_python_program_names_the_interpreter() {
        let interpreter = Some("CPython 3.13.0 with the GIL".to_owned());
        let table = Summary { interpreter, ..summary(1) }.to_string();
        assert!(table.contains("\ninterpreter  CPython 3.13.0 with the GIL\nseed "), "{table}");
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
    fn the_table_of_a_run_that_stopped_at_once_has_no_share_of_cpu_time() {
        let table = |wall_seconds| Summary { wall_seconds, ..summary(1) }.to_string();
        assert!(table(0.0003).contains("\nCPU time     2.500 s\n"), "{}", table(0.0003));
        assert!(table(0.5).contains("\nCPU time     2.500 s, 500 % of wall time\n"), "{}", table(0.5));
    }

    #[test]
    fn the_table_of_a_run_without_jobs_or_time_divides_by_nothing() {
        let table = Summary { wall_seconds: 0.0, jobs: 1, ..summary(1) }.to_string();
        assert!(table.contains("worker-1             1      0.001 s           0 %\n"));
        assert!(table.contains("all workers  1 job: 1 completed, 0 left, 0 lost\n"));
        assert_eq!(summary(0).to_string().lines().count(), 7);
    }
}
