//! The cost of scale: a thousand times the jobs, and many workers instead of two. Only the work should grow.

use std::process::Command;

use chapters::measure::weigh::weigh;

use crate::common::{Aim, COROUTINES, PROCESSES, Run, THREADS, Unit, compare, median, python, summary};

const VARIANTS: [(&str, &str, &str); 5] = [
    ("threads", THREADS, "--gil=none"),
    ("threads under one GIL", THREADS, "--gil=one"),
    ("processes", PROCESSES, "--method=fork"),
    ("coroutines", COROUTINES, "--runtime=current-thread"),
    ("coroutines, pool", COROUTINES, "--runtime=multi-thread"),
];

/// The time per job for a few jobs and for a million, and for few workers and many.
pub fn jobs() {
    for (name, program, flag) in VARIANTS {
        let load = |name, jobs, workers| Run::of(name, move || overhead(program, flag, jobs, workers));
        let same = |peers: [Run<'static>; 2]| peers.map(|peer| (peer, Aim::WithinTimes(0.5, 2.0)));
        // With several workers, the first may have done a thousand jobs before the last has started: they then seem to
        // take no time at all.
        let fewer_jobs = [load("10,000 jobs", 10_000, 1), load("1,000 jobs", 1_000, 1)];
        let what = format!("an empty job, {name}, 1 worker");
        compare(&what, Unit::Seconds, 5, load("1,000,000 jobs", 1_000_000, 1), same(fewer_jobs));
        let fewer_workers = [load("8 workers", 100_000, 8), load("2 workers", 100_000, 2)];
        let what = format!("an empty job of 100,000, {name}");
        compare(&what, Unit::Seconds, 5, load("64 workers", 100_000, 64), same(fewer_workers));
    }
}

/// The time per job for one worker, which nobody disturbs, and for four, which share the queue.
pub fn alone() {
    for (name, program, flag) in VARIANTS {
        let load = |name, workers| Run::of(name, move || overhead(program, flag, 100_000, workers));
        let peers = [(load("4 workers", 4), Aim::AtMostTimes(3.0))];
        compare(&format!("an empty job for one worker, {name}"), Unit::Seconds, 7, load("1 worker", 1), peers);
    }
}

/// Seconds per job for this number of jobs, excluding the start and the end of the workers.
fn overhead(program: &str, flag: &str, jobs: usize, workers: usize) -> f64 {
    let seconds = |jobs: usize| {
        let (jobs, workers) = (format!("--jobs={jobs}"), format!("--workers={workers}"));
        summary(program, &[&jobs, &workers, flag, "--scale=0", "--until-done", "--time=600"]).wall_seconds
    };
    // The shorter a run, the larger the share of its start and end, and the more repetitions the measurement needs.
    let repeats = match jobs {
        ..=1_000 => 51,
        1_001..=100_000 => 9,
        _ => 1,
    };
    let (with_jobs, without): (Vec<f64>, Vec<f64>) = (0..repeats).map(|_| (seconds(jobs), seconds(0))).unzip();
    // On a noisy machine the jobs of a short run may seem to take less than nothing.
    (median(&with_jobs) - median(&without)).max(1e-9) / jobs as f64
}

/// The memory of a service whose workers are idle, in bytes.
fn of_idle(program: &str, flag: &str, workers: u32) -> f64 {
    let mut command = Command::new(program);
    command.args([&format!("--workers={workers}"), flag, "--jobs=0", "--time=600", "--format=json"]);
    weighed(&mut command, "worker_started", workers)
}

/// The memory of a program once `count` lines of its output contain `started`, in bytes, with the kernel's part.
fn weighed(command: &mut Command, started: &str, count: u32) -> f64 {
    let (memory, _) = weigh(command, started, count).unwrap_or_else(|error| panic!("{command:?}: {error}"));
    memory.total() as f64
}

/// The memory of an idle worker, of a job on the queue, and of ten thousand workers in all.
pub fn memory() {
    let peak = |program: &str, flags: &[&str]| summary(program, flags).peak_rss_bytes as f64;
    let crowds = [
        ("coroutines", COROUTINES, "--runtime=current-thread", 10_000),
        ("threads", THREADS, "--gil=none", 1_000),
        ("processes", PROCESSES, "--method=fork", 100),
    ];
    for (name, program, flag, workers) in crowds {
        // Only the memory that grows with the number of workers.
        let each =
            |workers: u32| (of_idle(program, flag, workers) - of_idle(program, flag, 1)) / f64::from(workers - 1);
        compare(
            &format!("memory of one of {workers} idle workers, {name}"),
            Unit::Bytes,
            3,
            Run::of("ours", || each(workers)),
            [(Run::of("of a tenth as many", || each(workers / 10)), Aim::AtMostTimes(2.0))],
        );
    }
    for (name, program, flag) in VARIANTS {
        let each = |jobs: usize| {
            let of =
                |jobs: usize| peak(program, &[&format!("--jobs={jobs}"), flag, "--workers=1", "--kind=io", "--time=0"]);
            (of(jobs) - of(0)) / jobs as f64
        };
        compare(
            &format!("peak RSS for one of 1,000,000 jobs left, {name}"),
            Unit::Bytes,
            3,
            Run::of("ours", || each(1_000_000)),
            [(Run::of("of a tenth as many", || each(100_000)), Aim::AtMostTimes(2.0))],
        );
    }
    compare(
        "10,000 coroutine workers in all",
        Unit::Bytes,
        3,
        Run::of("ours", || of_idle(COROUTINES, "--runtime=current-thread", 10_000)),
        [(
            Run::in_python("CPython's asyncio", |interpreter| {
                Some(weighed(&mut python(interpreter, "memory.py", &["10000"]), "started", 1))
            }),
            Aim::TimesLess(2.0),
        )],
    );
    compare(
        "100,000 I/O-bound jobs at once, coroutines",
        Unit::Bytes,
        3,
        Run::of("ours", || {
            peak(COROUTINES, &["--workers=100000", "--jobs=100000", "--kind=io", "--until-done", "--time=60"])
        }),
        [(
            Run::of("10,000 at once", || {
                peak(COROUTINES, &["--workers=10000", "--jobs=10000", "--kind=io", "--until-done", "--time=60"])
            }),
            Aim::AtMostTimes(10.0),
        )],
    );
}
