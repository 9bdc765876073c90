//! The parts of `chapter-choosing`: the planned runs of each part, their execution, and the rows that result.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use indicatif::ProgressBar;
use rand::seq::SliceRandom;

use super::measure::{self, Load, Measured};
use super::options::{Options, Part};
use super::row::{Row, Spread, column};
use super::variant::{self, FORK, FORKSERVER, LOOP, ONE_GIL, POOL, SPAWN, THREADS, Variant};
use crate::options::MOST_JOBS;
use crate::python::Interpreter;
use crate::view::table::Column;

/// The number of jobs that the workers share, and their scale: so small that the workers finish at about the same time.
const WORK: (u64, f64) = (64, 0.008);
/// The number of empty jobs, for Rust and for CPython: so many that starting and stopping the service doesn't matter.
const EMPTY: (u64, u64) = (300_000, 30_000);
/// How long workers stay idle.
const IDLE: Duration = Duration::from_millis(200);

const WORKERS: Column = column("workers", "workers");
const WALL: Column = column("wall_seconds", "wall time");
const CPU: Column = column("cpu_seconds", "CPU time");
const MEMORY: Column = column("peak_rss_bytes", "peak memory");
const SWITCHES: Column = column("context_switches", "switches");

/// A run that is measured once per round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planned {
    pub variant: Variant,
    pub load: Load,
}

impl Part {
    /// The columns of the part's table.
    pub fn columns(self) -> &'static [Column] {
        const VARIANT: Column = column("variant", "variant");
        const COMPARED: &[Column] = &[
            VARIANT,
            WORKERS,
            WALL,
            column("speedup", "speedup"),
            column("least", "least"),
            column("most", "most"),
            CPU,
            MEMORY,
            SWITCHES,
        ];
        const EMPTY: &[Column] = &[VARIANT, WORKERS, column("seconds_per_job", "per job"), CPU, MEMORY, SWITCHES];
        const IDLE: &[Column] = &[VARIANT, WORKERS, MEMORY, column("bytes_per_worker", "per worker")];
        const START: &[Column] =
            &[VARIANT, WORKERS, column("start_seconds", "start, each"), column("stop_seconds", "stop, all")];
        match self {
            Part::Cpu | Part::Io | Part::Mixed => COMPARED,
            Part::Empty => EMPTY,
            Part::Idle => IDLE,
            Part::Start => START,
        }
    }

    /// The runs to measure. Runs of the same variant are adjacent, in ascending order of workers.
    pub(super) fn plan(self, options: &Options, pythons: &'static [Interpreter]) -> Vec<Planned> {
        let quick = options.quick;
        let variants: &[Variant] = match self {
            Part::Cpu | Part::Io | Part::Mixed if quick => &[THREADS, ONE_GIL, FORK, LOOP, POOL],
            Part::Cpu | Part::Io | Part::Mixed => &[THREADS, ONE_GIL, FORK, SPAWN, FORKSERVER, LOOP, POOL],
            Part::Empty | Part::Idle => &[THREADS, FORK, LOOP, POOL],
            Part::Start => &[THREADS, FORK, SPAWN, FORKSERVER, LOOP],
        };
        let pythons = pythons.iter().flat_map(variant::pythons);
        let all = variants.iter().copied().chain(pythons).filter(Variant::is_here);
        let loads = |variant: Variant| -> Vec<Planned> {
            let loads = self.workers(&variant, quick).iter().map(|workers| self.load(*workers, options, &variant));
            loads.map(|load| Planned { variant, load }).collect()
        };
        all.flat_map(loads).collect()
    }

    /// The numbers of workers with which a variant is measured.
    fn workers(self, variant: &Variant, quick: bool) -> &'static [u32] {
        match (self, variant.model, quick) {
            (Part::Cpu, _, true) => &[1, 2],
            (Part::Cpu, _, false) => &[1, 2, 4, 8],
            (Part::Io | Part::Mixed, _, true) => &[1, 8],
            (Part::Io | Part::Mixed, _, false) => &[1, 2, 4, 8, 32],
            (Part::Empty, _, true) => &[4],
            (Part::Empty, _, false) => &[2, 4, 16, 64],
            (Part::Idle, "processes", true) => &[1, 20],
            (Part::Idle, "processes", false) => &[1, 10, 100],
            (Part::Idle, "threads", true) => &[1, 200],
            (Part::Idle, "threads", false) => &[1, 100, 1000],
            (Part::Idle, _, true) => &[1, 1000],
            (Part::Idle, _, false) => &[1, 100, 1000, 10_000],
            (Part::Start, _, true) => &[20],
            (Part::Start, _, false) => &[100],
        }
    }

    fn load(self, workers: u32, options: &Options, variant: &Variant) -> Load {
        let (jobs, scale) = WORK;
        let scale = scale * options.scale * if options.quick { 0.25 } else { 1.0 };
        let load = Load { jobs, workers, kind: "cpu", scale, time: None };
        match self {
            Part::Cpu => load,
            Part::Io => Load { kind: "io", ..load },
            Part::Mixed => Load { kind: "mixed", ..load },
            Part::Empty => {
                // CPython gets fewer jobs: they are enough for a stable figure.
                let jobs = if variant.python.is_some() { EMPTY.1 } else { EMPTY.0 } as f64 * options.scale;
                let jobs = jobs / if options.quick { 3.0 } else { 1.0 };
                Load { jobs: (jobs as u64).min(MOST_JOBS), scale: 0.0, ..load }
            }
            Part::Idle => Load { jobs: 0, time: Some(IDLE), ..load },
            Part::Start => Load { jobs: 0, ..load },
        }
    }

    /// Runs each of `planned` once per round, and returns a row for each.
    ///
    /// # Errors
    ///
    /// If a run can't be started, or fails.
    pub(super) fn measure(self, options: &Options, planned: &[Planned], bar: &ProgressBar) -> io::Result<Vec<Row>> {
        let seed = options.seed.to_string();
        // ANCHOR: measure
        let mut all: BTreeMap<usize, Vec<Measured>> = BTreeMap::new();
        for _ in 0..options.rounds() {
            let mut round: Vec<(usize, &Planned)> = planned.iter().enumerate().collect();
            round.shuffle(&mut rand::rng());
            for (index, Planned { variant, load }) in round {
                bar.set_message(format!("{}: {}, {} workers", self.name(), variant.name, load.workers));
                all.entry(index).or_default().push(measure::run(variant, load, &seed)?);
                bar.inc(1);
            }
        }
        // ANCHOR_END: measure
        let row = |(index, Planned { variant, load }): (usize, &Planned)| {
            // The first run of a variant has the fewest workers.
            let first = planned.iter().position(|other| other.variant == *variant).unwrap_or(index);
            let alone = (first != index).then(|| (planned[first].load.workers, &all[&first][..]));
            self.row(variant, load, &all[&index], alone)
        };
        Ok(planned.iter().enumerate().map(row).collect())
    }

    /// The row for the runs of one plan. `alone` has the runs of the same variant with the fewest workers.
    fn row(self, variant: &Variant, load: &Load, runs: &[Measured], alone: Option<(u32, &[Measured])>) -> Row {
        let of = |figure: fn(&Measured) -> f64| Spread::of(runs.iter().map(figure)).median;
        let switches = runs.iter().filter_map(|run| run.context_switches).map(|count| count as f64);
        let switches: Vec<f64> = switches.collect();
        let row = Row {
            part: self,
            variant: variant.label(),
            model: variant.model.to_owned(),
            python: variant.python.is_some(),
            interpreter: variant.python.map(Interpreter::to_string),
            workers: load.workers,
            jobs: load.jobs,
            rounds: runs.len() as u64,
            wall_seconds: of(|run| run.wall_seconds),
            cpu_seconds: of(|run| run.cpu_seconds),
            peak_rss_bytes: of(|run| run.peak_rss_bytes as f64),
            context_switches: (!switches.is_empty()).then(|| Spread::of(switches.into_iter()).median),
            speedup: None,
            seconds_per_job: None,
            bytes_per_worker: None,
            start_seconds: None,
            stop_seconds: None,
        };
        match self {
            Part::Cpu | Part::Io | Part::Mixed => {
                let speedup = alone.map_or(Spread::ONE, |(_, alone)| speedup(alone, runs));
                Row { speedup: Some(speedup), ..row }
            }
            Part::Empty => Row { seconds_per_job: Some(row.wall_seconds / load.jobs.max(1) as f64), ..row },
            Part::Idle => {
                let each = alone.map(|(fewest, alone)| more_memory(alone, runs) / f64::from(load.workers - fewest));
                Row { bytes_per_worker: each, ..row }
            }
            Part::Start => {
                let each = of(|run| run.start_seconds) / f64::from(load.workers);
                Row { start_seconds: Some(each), stop_seconds: Some(of(|run| run.stop_seconds)), ..row }
            }
        }
    }
}

// ANCHOR: speedup
/// How many times as fast each run was as the run with the fewest workers in the same round.
fn speedup(alone: &[Measured], runs: &[Measured]) -> Spread {
    Spread::of(alone.iter().zip(runs).map(|(alone, run)| alone.wall_seconds / run.wall_seconds))
}
// ANCHOR_END: speedup

/// How many more bytes the runs used than the runs of `alone` in the same rounds, at the median. Peaks fluctuate, so a
/// negative difference counts as zero.
fn more_memory(alone: &[Measured], runs: &[Measured]) -> f64 {
    let more = alone.iter().zip(runs).map(|(alone, run)| run.peak_rss_bytes as f64 - alone.peak_rss_bytes as f64);
    Spread::of(more).median.max(0.0)
}

#[cfg(test)]
mod tests {
    use clap::{Parser, ValueEnum};

    use super::*;

    fn options(flags: &[&str]) -> Options {
        Options::parse_from([&["chapter-choosing"], flags].concat())
    }

    fn measured(wall_seconds: f64, peak_rss_bytes: u64) -> Measured {
        Measured { wall_seconds, peak_rss_bytes, ..Measured::default() }
    }

    #[test]
    fn every_part_compares_the_three_models_and_more_workers_with_fewer() {
        for part in Part::value_variants() {
            for flags in [&[][..], &["--quick"], &["--python"]] {
                let pythons = options(flags).python.iter().map(|_| Interpreter::sample()).collect::<Vec<_>>().leak();
                let planned = part.plan(&options(flags), pythons);
                for model in ["threads", "processes", "coroutines"] {
                    let here = planned.iter().any(|it| it.variant.model == model);
                    assert!(here || !THREADS.is_here() || cfg!(not(target_os = "linux")), "{part:?} {model}");
                }
                let rising = planned
                    .windows(2)
                    .all(|pair| pair[0].variant != pair[1].variant || pair[0].load.workers < pair[1].load.workers);
                assert!(rising, "{part:?}");
                assert_eq!(
                    planned.iter().any(|it| it.variant.python.is_some()),
                    flags.contains(&"--python"),
                    "{part:?}"
                );
            }
        }
    }

    #[test]
    fn a_speedup_is_of_the_runs_of_one_round() {
        let alone = [measured(1.0, 0), measured(2.0, 0), measured(3.0, 0)];
        let runs = [measured(0.5, 0), measured(0.5, 0), measured(1.0, 0)];
        let load = Part::Cpu.load(4, &options(&[]), &THREADS);
        let speedup = Part::Cpu.row(&THREADS, &load, &runs, Some((1, &alone))).speedup;
        assert_eq!(speedup, Some(Spread { least: 2.0, median: 3.0, most: 4.0 }));
        assert_eq!(Part::Cpu.row(&THREADS, &load, &runs, None).speedup, Some(Spread::ONE));
    }

    #[test]
    fn however_large_the_scale_is_a_demo_takes_the_jobs() {
        let load = Part::Empty.load(4, &options(&["--scale=1000000"]), &THREADS);
        assert_eq!(load.jobs, MOST_JOBS);
    }

    #[test]
    fn a_worker_weighs_what_a_run_with_more_of_them_takes_more() {
        let load = Part::Idle.load(11, &options(&[]), &LOOP);
        let row = |bytes| Part::Idle.row(&LOOP, &load, &[measured(0.2, bytes)], Some((1, &[measured(0.2, 5_000)])));
        assert_eq!(row(15_000).bytes_per_worker, Some(1_000.0));
        assert_eq!(row(4_000).bytes_per_worker, Some(0.0));
    }
}
