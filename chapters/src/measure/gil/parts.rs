//! The parts of `chapter-gil`: the runs that are compared, and the rows of the tables.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use super::options::{Options, Part};
use super::session::{Picture, Session, Setup};
use crate::gil::interpreter::GilMode::{self, None as NoLock, One, PerWorker};
use crate::job::{DIGESTS, Job, Kind, jobs};
use crate::random::Seed;
use crate::service::Plan;
use crate::statistics::median;
use crate::view::summary::plural;
use crate::view::table::{self, Column, Value};

/// The number of jobs that the workers share, and their scale: so small that the workers finish at about the same time.
const CPU_JOBS: (u64, f64) = (100, 0.006);
const IO_JOBS: (u64, f64) = (40, 0.008);
/// How long each I/O-bound job in the convoy waits, in seconds.
const SHORT_WAIT: f64 = 0.000_05;
/// How long each run of the convoy takes at scale 1.
const CONVOY: Duration = Duration::from_millis(300);
/// More waits than one worker can complete in a second.
const MANY_WAITS: f64 = 25_000.0;
/// A deadline that no run reaches, because the service stops when all jobs are done.
const NO_END: Duration = Duration::from_secs(86_400);

/// The beginning of a run, short enough for single turns to be visible.
const BEGINNING: Range<Duration> = Duration::ZERO..Duration::from_millis(100);
const ALL: Range<Duration> = Duration::ZERO..Duration::MAX;

const fn column(key: &'static str, heading: &'static str) -> Column {
    Column { key, heading }
}

const GIL: Column = column("gil", "gil");
const WORKERS: Column = column("workers", "workers");
const WALL: Column = column("wall_seconds", "wall time");
const CPU: Column = column("cpu_seconds", "CPU time");
const SWITCHES: Column = column("switches", "switches");
const HOLD: Column = column("median_hold_seconds", "median hold");
const COMPARED: &[Column] = &[GIL, WORKERS, WALL, CPU, column("speedup", "speedup"), SWITCHES, HOLD];
const INTERVALS: &[Column] = &[column("switch_interval_seconds", "interval"), WORKERS, WALL, CPU, SWITCHES, HOLD];
// The median hold is left out: the holds of the two workers differ too much for a common median.
const CONVOYS: &[Column] =
    &[GIL, column("company", "beside"), column("waits_per_second", "waits"), column("times_fewer", "times fewer")];

/// A part's rows, and a picture of one of its runs.
#[derive(Clone, Debug)]
pub struct Table {
    pub columns: &'static [Column],
    pub rows: Vec<Vec<Value>>,
    pub picture: Picture,
}

/// Runs the parts with the same options and seed.
pub struct Comparison {
    options: Options,
    seed: Seed,
    /// How long one digest takes on this machine, in seconds.
    digest: f64,
}

impl Comparison {
    /// Measures how long a digest takes. The size of the convoy's long job and the announced running times depend on
    /// it.
    pub fn new(options: Options) -> Self {
        let job = Job { number: 0, kind: Kind::Cpu, size: 1.0 };
        let seconds = || {
            let begin = Instant::now();
            job.run(0.002);
            begin.elapsed().as_secs_f64()
        };
        let digest = median((0..5).map(|_| seconds())).unwrap_or(0.0) / job.digests(0.002) as f64;
        Self { seed: options.seed.clone().unwrap_or_else(Seed::fresh), options, digest }
    }

    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    pub fn rounds(&self) -> String {
        plural(self.options.rounds.into(), "run")
    }

    /// A description of a part.
    pub fn about(&self, part: Part) -> String {
        let workers = self.options.workers;
        let [short, usual, long] = self.intervals().map(|interval| interval.as_secs_f64() * 1e3);
        match part {
            Part::Cpu => {
                format!("CPU-bound jobs for 1 and {workers} workers, under no lock, one lock, and a lock each")
            }
            Part::Io => format!("I/O-bound jobs for 1 and {workers} workers, under no lock and under one lock"),
            Part::Interval => {
                format!("{workers} CPU-bound workers under one lock, switching after {short}, {usual} and {long} ms")
            }
            Part::Convoy => "how often a worker gets to wait 50 us, alone and beside a CPU-bound worker".to_owned(),
        }
    }

    /// About how long a part takes, in seconds.
    pub fn takes(&self, part: Part) -> f64 {
        let Options { workers, scale, rounds, .. } = self.options;
        let workers = f64::from(workers);
        let computing = CPU_JOBS.0 as f64 * CPU_JOBS.1 * DIGESTS * self.digest * scale;
        let waiting = IO_JOBS.0 as f64 * IO_JOBS.1 * scale;
        let cores = thread::available_parallelism().map_or(1, usize::from) as f64;
        let round = match part {
            Part::Cpu => computing * (4.0 + 2.0 / workers.min(cores)),
            Part::Io => waiting * (2.0 + 2.0 / workers),
            Part::Interval => computing * 3.0,
            Part::Convoy => CONVOY.as_secs_f64() * scale * 4.0,
        };
        round * f64::from(rounds)
    }

    /// Runs a part, and returns its measurements.
    ///
    /// # Errors
    ///
    /// If a run fails.
    pub fn show(&self, part: Part) -> io::Result<Table> {
        match part {
            Part::Cpu => self.compare(&[NoLock, One, PerWorker], Kind::Cpu, CPU_JOBS, &BEGINNING),
            Part::Io => self.compare(&[NoLock, One], Kind::Io, IO_JOBS, &ALL),
            Part::Interval => self.interval(),
            Part::Convoy => self.convoy(),
        }
    }

    /// A row as JSON, with the options for running it again.
    pub fn json(&self, part: Part, columns: &[Column], row: &[Value]) -> String {
        let interval = self.options.switch_interval.as_secs_f64();
        let first = [
            ("part", part.name().into()),
            ("seed", serde_json::to_value(&self.seed).unwrap_or_default()),
            ("rounds", self.options.rounds.into()),
            ("scale", self.options.scale.into()),
            ("switch_interval_seconds", interval.into()),
        ];
        // A column with the same key takes precedence.
        let first = first.into_iter().filter(|(key, _)| columns.iter().all(|column| column.key != *key));
        table::json(first, columns, row)
    }

    /// One worker and several, under each lock.
    fn compare(&self, gils: &[GilMode], kind: Kind, jobs: (u64, f64), window: &Range<Duration>) -> io::Result<Table> {
        let several = self.options.workers;
        let list = self.jobs(kind, jobs.0);
        let setup = |gil, workers| Setup { gil, ..self.setup(&list, workers, jobs.1) };
        let setups: Vec<Setup> = gils.iter().flat_map(|gil| [1, several].map(|workers| setup(*gil, workers))).collect();
        let sessions = self.in_turns(&setups)?;
        let rows = setups.iter().zip(&sessions).enumerate().map(|(index, (setup, runs))| {
            let alone = &sessions[index - index % 2];
            let ratio = |(one, many): (&Session, &Session)| one.summary.wall_seconds / many.summary.wall_seconds;
            let speedup = median(alone.iter().zip(runs).map(ratio));
            let [wall, cpu, switches, hold] = measured(runs);
            let workers = Value::Count(setup.plan.workers.into());
            vec![
                Value::Text(name(setup.gil).to_owned()),
                workers,
                wall,
                cpu,
                Value::of(speedup, Value::Times),
                switches,
                hold,
            ]
        });
        let drawn = setups.iter().rposition(|setup| setup.gil == One && setup.plan.workers == several);
        Ok(Table { columns: COMPARED, rows: rows.collect(), picture: draw(&sessions, drawn, window)? })
    }

    fn interval(&self) -> io::Result<Table> {
        let list = self.jobs(Kind::Cpu, CPU_JOBS.0);
        let setup = |interval| Setup { interval, ..self.setup(&list, self.options.workers, CPU_JOBS.1) };
        let setups = self.intervals().map(setup);
        let sessions = self.in_turns(&setups)?;
        let rows = setups.iter().zip(&sessions).map(|(setup, runs)| {
            let [wall, cpu, switches, hold] = measured(runs);
            let workers = Value::Count(setup.plan.workers.into());
            vec![Value::Brief(setup.interval.as_secs_f64()), workers, wall, cpu, switches, hold]
        });
        Ok(Table { columns: INTERVALS, rows: rows.collect(), picture: draw(&sessions, Some(2), &ALL)? })
    }

    /// With two workers, the queue starts with one long CPU-bound job. The worker that takes it is busy until the end,
    /// so the other worker does all I/O-bound jobs.
    fn convoy(&self) -> io::Result<Table> {
        let time = CONVOY.mul_f64(self.options.scale);
        let digests = time.as_secs_f64() / self.digest.max(1e-9);
        let wait = |number| Job { number, kind: Kind::Io, size: SHORT_WAIT };
        let waits = 1 + (MANY_WAITS * time.as_secs_f64()) as u64;
        let alone: Vec<Job> = (0..waits).map(wait).collect();
        let mut beside = alone.clone();
        beside[0] = Job { number: 0, kind: Kind::Cpu, size: digests / DIGESTS };
        let setup = |gil, jobs, workers| {
            let plan = Plan { workers, time, scale: 1.0, until_done: false, echo_port: None };
            Setup { gil, interval: self.options.switch_interval, plan, jobs }
        };
        let setups: Vec<Setup> =
            [NoLock, One].into_iter().flat_map(|gil| [setup(gil, &alone, 1), setup(gil, &beside, 2)]).collect();
        let sessions = self.in_turns(&setups)?;
        let rates: Vec<Vec<Option<f64>>> =
            sessions.iter().map(|runs| runs.iter().map(Session::waits_per_second).collect()).collect();
        let rows = setups.iter().enumerate().map(|(index, setup)| {
            let company = if setup.plan.workers > 1 { "a CPU-bound worker" } else { "nobody" };
            let ratio =
                |(alone, beside): (&Option<f64>, &Option<f64>)| Some((*alone)? / beside.filter(|rate| *rate > 0.0)?);
            let fewer = median(rates[index - index % 2].iter().zip(&rates[index]).filter_map(ratio));
            let rate = median(rates[index].iter().copied().flatten());
            let (rate, fewer) = (Value::of(rate, Value::Rate), Value::of(fewer, Value::Times));
            vec![Value::Text(name(setup.gil).to_owned()), Value::Text(company.to_owned()), rate, fewer]
        });
        Ok(Table { columns: CONVOYS, rows: rows.collect(), picture: draw(&sessions, Some(3), &BEGINNING)? })
    }

    fn intervals(&self) -> [Duration; 3] {
        let usual = self.options.switch_interval;
        [usual / 10, usual, usual.saturating_mul(10)]
    }

    fn jobs(&self, kind: Kind, count: u64) -> Vec<Job> {
        jobs(&self.seed, kind).take(count as usize).collect()
    }

    /// The setup of a run under one lock that stops when all jobs are done.
    fn setup<'a>(&self, jobs: &'a [Job], workers: u32, scale: f64) -> Setup<'a> {
        let plan = Plan { workers, time: NO_END, scale: scale * self.options.scale, until_done: true, echo_port: None };
        Setup { gil: One, interval: self.options.switch_interval, plan, jobs }
    }

    /// Runs each of `setups` once per round, for all rounds, and returns the runs of each setup.
    fn in_turns(&self, setups: &[Setup]) -> io::Result<Vec<Vec<Session>>> {
        let mut sessions: BTreeMap<usize, Vec<Session>> = BTreeMap::new();
        for _ in 0..self.options.rounds {
            for (index, setup) in setups.iter().enumerate() {
                sessions.entry(index).or_default().push(setup.run(&self.seed)?);
            }
        }
        Ok(sessions.into_values().collect())
    }
}

/// The medians of wall time, CPU time and switches, and the median hold over all runs.
fn measured(runs: &[Session]) -> [Value; 4] {
    let of = |number: fn(&Session) -> f64| median(runs.iter().map(number));
    let switches = median(runs.iter().filter_map(Session::switches).map(|count| count as f64));
    let hold = median(runs.iter().flat_map(Session::holds));
    [
        Value::of(of(|run| run.summary.wall_seconds), Value::Seconds),
        Value::of(of(|run| run.summary.cpu_seconds), Value::Seconds),
        Value::of(switches, |count| Value::Count(count as u64)),
        Value::of(hold, Value::Brief),
    ]
}

/// The name of a lock on the command line.
fn name(gil: GilMode) -> &'static str {
    match gil {
        NoLock => "none",
        One => "one",
        PerWorker => "per-worker",
    }
}

/// A picture of the last run of one of the setups.
fn draw(sessions: &[Vec<Session>], drawn: Option<usize>, window: &Range<Duration>) -> io::Result<Picture> {
    let session = drawn.and_then(|index| sessions[index].last());
    session.map(|session| session.draw(window)).transpose().map(Option::unwrap_or_default)
}
