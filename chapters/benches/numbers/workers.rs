//! The cost and the gain of workers: how soon they start and end, and how much faster two are than one.

use std::env;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use chapters::job::{self, Job, Kind};
use chapters::random::Seed;
use nix::libc;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::common::{Aim, COROUTINES, PROCESSES, Run, THREADS, Unit, compare, demo, summary};

const WORKERS: usize = 100;

/// The number of CPU-bound jobs, and their scale.
const JOBS: usize = 100;
const SCALE: f64 = 0.005;
/// The number of rounds: the speed of a shared machine varies by 50 % between runs.
const SPEEDUP_ROUNDS: usize = 51;

/// How much faster two workers are than one, beside two bare threads, which show the speedup that the machine itself allows.
pub fn speedup() {
    let seconds = |program: &str, flag: &str, workers: &str| {
        let (jobs, scale) = (format!("--jobs={JOBS}"), format!("--scale={SCALE}"));
        summary(program, &[&jobs, &scale, "--seed=1", "--until-done", "--time=600", flag, workers]).wall_seconds
    };
    for (model, program, flag) in [
        ("threads", THREADS, "--gil=none"),
        ("threads under a GIL each", THREADS, "--gil=per-worker"),
        ("processes", PROCESSES, "--method=fork"),
    ] {
        compare(
            &format!("the speedup of two workers, {model}"),
            Unit::Times,
            SPEEDUP_ROUNDS,
            Run::of("ours", || seconds(program, flag, "--workers=1") / seconds(program, flag, "--workers=2")),
            [(Run::of("two bare threads", || bare_threads(1) / bare_threads(2)), Aim::AtLeastTimes(0.98))],
        );
    }
    // Under one lock, a second worker doesn't help, and costs almost nothing.
    compare(
        &format!("{JOBS} CPU-bound jobs, threads under one GIL"),
        Unit::Seconds,
        SPEEDUP_ROUNDS,
        Run::of("2 workers", || seconds(THREADS, "--gil=one", "--workers=2")),
        [(Run::of("1 worker", || seconds(THREADS, "--gil=one", "--workers=1")), Aim::AtMostTimes(1.03))],
    );
}

/// Seconds for threads that do the same jobs and share only a counter of the jobs taken.
fn bare_threads(threads: usize) -> f64 {
    let jobs: Vec<Job> = job::jobs(&Seed::from(1), Kind::Cpu).take(JOBS).collect();
    let taken = AtomicUsize::new(0);
    let begin = Instant::now();
    let work = || {
        while let Some(job) = jobs.get(taken.fetch_add(1, Ordering::Relaxed)) {
            job.run(SCALE);
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
    begin.elapsed().as_secs_f64()
}

/// The time from a service's start to its last worker's, divided by the number of workers.
pub fn start() {
    for (method, times_less, times_a_fork) in [
        ("fork", Aim::Nothing, Aim::AtMostTimes(1.5)),
        ("spawn", Aim::TimesLess(20.0), Aim::Nothing),
        ("forkserver", Aim::TimesLess(5.0), Aim::Nothing),
    ] {
        let (flag, arguments) = (format!("--method={method}"), [method, "20"]);
        let peers = [
            (Run::of("a bare fork and wait", || of_a_small_process(BARE_FORK)), times_a_fork),
            (Run::of("a bare spawn of `true` and wait", bare_exec), Aim::Nothing),
            (Run::of_python("CPython's multiprocessing", "start.py", &arguments, 20), times_less),
        ];
        let ours = Run::of("ours", || last_start(PROCESSES, &[&flag]));
        compare(&format!("to start a worker process, {method}"), Unit::Seconds, 7, ours, peers);
    }
    compare(
        "to start a worker thread",
        Unit::Seconds,
        7,
        Run::of("ours", || last_start(THREADS, &[])),
        [(Run::of("a worker process, fork", || last_start(PROCESSES, &["--method=fork"])), Aim::Nothing)],
    );
}

/// The time of the first worker, which includes the start of the service, and of each further one.
pub fn first_start() {
    const MORE: usize = 1000;
    for (name, program, flags) in
        [("thread", THREADS, &[][..]), ("coroutine", COROUTINES, &[]), ("process, fork", PROCESSES, &["--method=fork"])]
    {
        let one = || start_of(program, flags, 1);
        let more = || (start_of(program, flags, MORE + 1) - one()) / MORE as f64;
        compare(
            &format!("to start the service with one worker, a {name}"),
            Unit::Seconds,
            7,
            Run::of("ours", one),
            [(Run::of("each further worker", more), Aim::Nothing)],
        );
    }
}

/// Seconds per worker, by the records of a run.
fn last_start(program: &str, flags: &[&str]) -> f64 {
    start_of(program, flags, WORKERS) / WORKERS as f64
}

/// Seconds until the last of these workers has started.
fn start_of(program: &str, flags: &[&str], workers: usize) -> f64 {
    let workers = format!("--workers={workers}");
    let records = demo(program, &[flags, &[&workers, "--jobs=0", "--until-done", "--time=60"]].concat());
    let started = records.iter().filter(|record| record.event.name() == "worker_started");
    let last = started.map(|record| record.at).max().expect("workers started");
    (last - records[0].at).as_secs_f64()
}

/// The argument that makes this program the peer that forks.
pub const BARE_FORK: &str = "bare-fork";

/// The number printed by a fresh process of this program that acts as a peer. The measuring process has grown, and
/// copies of it would be slower.
fn of_a_small_process(peer: &str) -> f64 {
    let program = env::current_exe().expect("a program knows where it is");
    let output = Command::new(program).arg(peer).stderr(Stdio::inherit()).output().expect("it can be started again");
    assert!(output.status.success(), "{peer}: {}", output.status);
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of seconds")
}

/// Seconds for a process that is forked, ends at once, and is waited for when all are there.
pub fn bare_fork() -> f64 {
    let begin = Instant::now();
    let start = |_| {
        // SAFETY: this process has one thread, so the copy lacks none.
        match unsafe { fork() }.expect("a process") {
            ForkResult::Parent { child } => child,
            // SAFETY: the copy ends at once, without running destructors or exit handlers.
            ForkResult::Child => unsafe { libc::_exit(0) },
        }
    };
    let children: Vec<_> = (0..WORKERS).map(start).collect();
    children.into_iter().for_each(|child| _ = waitpid(child, None));
    begin.elapsed().as_secs_f64() / WORKERS as f64
}

/// Seconds for a program that is started, does nothing, and is waited for when all are there.
fn bare_exec() -> f64 {
    let begin = Instant::now();
    let start = |_| Command::new("true").spawn().expect("a program that does nothing");
    let children: Vec<_> = (0..WORKERS).map(start).collect();
    children.into_iter().for_each(|mut child| _ = child.wait());
    begin.elapsed().as_secs_f64() / WORKERS as f64
}

/// From the deadline to the last idle worker's end.
pub fn idle() {
    let variants = [
        ("threads", THREADS, "--gil=none", "threads", "CPython's threading"),
        ("processes, fork", PROCESSES, "--method=fork", "processes", "CPython's multiprocessing"),
        ("processes, spawn", PROCESSES, "--method=spawn", "processes", "CPython's multiprocessing"),
        ("processes, forkserver", PROCESSES, "--method=forkserver", "processes", "CPython's multiprocessing"),
        ("coroutines", COROUTINES, "--runtime=current-thread", "coroutines", "CPython's asyncio"),
        ("coroutines, pool", COROUTINES, "--runtime=multi-thread", "coroutines", "CPython's asyncio"),
    ];
    for (name, program, flag, model, peer) in variants {
        let late = || {
            let records = demo(program, &["--jobs=0", "--time=0.2", flag]);
            let ends = records.iter().filter(|record| record.event.name() == "worker_finished");
            ends.map(|record| record.at.as_secs_f64()).fold(0.0, f64::max) - 0.2
        };
        compare(
            &format!("until the last idle worker has ended, {name}"),
            Unit::Seconds,
            7,
            Run::of("ours", late),
            [(Run::of_python(peer, "idle.py", &[model, "0.2"], 1), Aim::AtMost(0.01))],
        );
    }
}
