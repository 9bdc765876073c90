//! The parts of `chapter-choosing`: the planned runs of each part, their execution, and the rows that result.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use indicatif::ProgressBar;
use rand::seq::SliceRandom;

use super::measure::{self, Load, Measured};
use super::options::{Options, Part, cores};
use super::row::{Row, Spread, column};
use super::variant::{self, FORK, FORKSERVER, LOOP, ONE_GIL, POOL, SPAWN, THREADS, Variant};
use crate::memory::Memory;
use crate::options::MOST_JOBS;
use crate::python::Interpreter;
use crate::view::table::Column;

/// The number of jobs that the workers share, and their scale: so small that the workers finish at about the same time.
const WORK: (u64, f64) = (64, 0.008);
/// The number of empty jobs, for Rust and for CPython: so many that starting and stopping the service doesn't matter.
const EMPTY: (u64, u64) = (300_000, 30_000);

const WORKERS: Column = column("workers", "workers");
const WALL: Column = column("wall_seconds", "wall time");
const CPU: Column = column("cpu_seconds", "CPU time");
const MEMORY: Column = column("peak_rss_bytes", "peak RSS");
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
        const IDLE: &[Column] = &[
            VARIANT,
            WORKERS,
            column("memory_bytes", "memory"),
            column("bytes_per_worker", "per worker"),
            column("kernel_per_worker", "in the kernel"),
            MEMORY,
        ];
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
            Part::Empty => &[THREADS, FORK, LOOP, POOL],
            Part::Idle => &[THREADS, FORK, SPAWN, FORKSERVER, LOOP, POOL],
            Part::Start => &[THREADS, FORK, SPAWN, FORKSERVER, LOOP],
        };
        // A pool starts its workers when it gets jobs, so none of them is idle.
        let more = |interpreter| match self {
            _ if quick => Vec::new(),
            Part::Idle | Part::Start => variant::methods(interpreter).to_vec(),
            Part::Cpu | Part::Io | Part::Mixed | Part::Empty => variant::pools(interpreter),
        };
        let pythons = pythons.iter().flat_map(|it| variant::pythons(it).into_iter().chain(more(it)));
        let all = variants.iter().copied().chain(pythons).filter(Variant::is_here);
        let loads = |variant: Variant| -> Vec<Planned> {
            let numbers = self.workers(&variant, quick, cores());
            let loads = numbers.iter().map(|workers| self.load(*workers, options, &variant));
            loads.map(|load| Planned { variant, load }).collect()
        };
        all.flat_map(loads).collect()
    }

    /// The numbers of workers with which a variant is measured on a machine with `cores` cores.
    fn workers(self, variant: &Variant, quick: bool, cores: u32) -> Vec<u32> {
        let numbers: &[u32] = match (self, variant.model, quick) {
            (Part::Cpu, _, true) => &[1, 2],
            // The speedup ends at the number of cores. The numbers after it show that it does.
            (Part::Cpu, _, false) => {
                let powers = (0..32).map(|exponent| 1 << exponent).take_while(|power| *power < 2 * cores);
                return powers.chain([cores, 2 * cores]).collect::<BTreeSet<u32>>().into_iter().collect();
            }
            (Part::Io | Part::Mixed, _, true) => &[1, 8],
            (Part::Io | Part::Mixed, _, false) => &[1, 2, 4, 8, 32],
            (Part::Empty, _, true) => &[4],
            (Part::Empty, _, false) => &[2, 4, 16, 64],
            (Part::Idle, "processes", true) => &[1, 20],
            // A process of CPython takes several megabytes.
            (Part::Idle, "processes", false) if variant.python.is_some() => &[1, 10, 100],
            (Part::Idle, "processes", false) => &[1, 10, 100, 1000],
            (Part::Idle, "threads", true) => &[1, 200],
            (Part::Idle, _, true) => &[1, 1000],
            (Part::Idle, _, false) => &[1, 100, 1000, 10_000],
            (Part::Start, _, true) => &[20],
            (Part::Start, _, false) => &[100],
        };
        numbers.to_vec()
    }

    fn load(self, workers: u32, options: &Options, variant: &Variant) -> Load {
        let (jobs, scale) = WORK;
        let scale = scale * options.scale * if options.quick { 0.25 } else { 1.0 };
        let load = Load { jobs, workers, kind: "cpu", scale, idle: false };
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
            Part::Idle => Load { jobs: 0, idle: true, ..load },
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
            memory_bytes: None,
            bytes_per_worker: None,
            kernel_per_worker: None,
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
                let memory: Option<Vec<f64>> = runs.iter().map(|run| Some(run.memory?.total() as f64)).collect();
                let each = |part: fn(Memory) -> i64| {
                    let (fewest, alone) = alone?;
                    Some(more_memory(alone, runs, part)? / f64::from(load.workers - fewest))
                };
                Row {
                    memory_bytes: memory.map(|memory| Spread::of(memory.into_iter()).median),
                    bytes_per_worker: each(|memory| memory.total()),
                    kernel_per_worker: each(|memory| memory.total() - memory.pss),
                    ..row
                }
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

/// How many more bytes a part of the runs' memory has than in the runs of `alone` in the same rounds, at the median. Other
/// programs use memory of the kernel as well, so a negative difference counts as zero. `None` if it wasn't measured.
fn more_memory(alone: &[Measured], runs: &[Measured], part: fn(Memory) -> i64) -> Option<f64> {
    let more = alone.iter().zip(runs).map(|(alone, run)| Some(part(run.memory? - alone.memory?) as f64));
    let more: Vec<f64> = more.collect::<Option<_>>()?;
    Some(Spread::of(more.into_iter()).median.max(0.0))
}

#[cfg(test)]
mod tests {
    use clap::{Parser, ValueEnum};

    use super::*;

    fn options(flags: &[&str]) -> Options {
        Options::parse_from([&["chapter-choosing"], flags].concat())
    }

    fn measured(wall_seconds: f64, pss: i64) -> Measured {
        Measured { wall_seconds, memory: Some(Memory { pss, slab: 100, ..Memory::default() }), ..Measured::default() }
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
    fn workers_that_compute_are_up_to_twice_as_many_as_the_cores() {
        let workers = |cores| Part::Cpu.workers(&THREADS, false, cores);
        assert_eq!(workers(1), [1, 2]);
        assert_eq!(workers(2), [1, 2, 4]);
        assert_eq!(workers(6), [1, 2, 4, 6, 8, 12]);
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
        assert_eq!((row(15_000).memory_bytes, row(15_000).kernel_per_worker), (Some(15_100.0), Some(0.0)));
        let unknown = [Measured::default()];
        assert_eq!(Part::Idle.row(&LOOP, &load, &unknown, Some((1, &unknown))).bytes_per_worker, None);
    }
}
