//! The cost of a job: an empty one, beside the bare primitive that the service is built on, and one that hashes.

use std::env;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::thread;
use std::time::{Duration, Instant};

use chapters::job::{self, Job, Kind};
use chapters::python::Interpreter;
use chapters::random::Seed;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe, read, write};

use crate::common::{Aim, COROUTINES, PROCESSES, Run, THREADS, Unit, compare, into_file, number_in, python, summary};

const JOBS: usize = 300_000;
/// CPython gets fewer jobs: more wouldn't change its figure.
const PYTHON_JOBS: usize = 30_000;
const WORKERS: usize = 4;
const ROUNDS: usize = 9;
const PATIENCE: Duration = Duration::from_secs(1);
const FLAGS: [&str; 5] = ["--jobs=300000", "--scale=0", "--workers=4", "--until-done", "--time=600"];

/// A model: its name, its program, and CPython's name for it.
const THREADING: (&str, &str, &str) = ("threads", THREADS, "CPython's threading");
const MULTIPROCESSING: (&str, &str, &str) = ("processes", PROCESSES, "CPython's multiprocessing");
const ASYNCIO: (&str, &str, &str) = ("coroutines", COROUTINES, "CPython's asyncio");

/// Empty jobs, without printing.
pub fn overhead() {
    type Bare = fn() -> f64;
    let bares: [(&str, Bare, Aim); 3] = [
        ("a bare crossbeam channel", channel, Aim::AtMostTimes(1.5)),
        ("a bare pipe", bare_pipe, Aim::AtMostTimes(1.1)),
        ("a bare async-channel", async_channel, Aim::AtMostTimes(1.5)),
    ];
    for (((model, program, peer), (name, bare, aim)), times_less) in
        [THREADING, MULTIPROCESSING, ASYNCIO].into_iter().zip(bares).zip([50.0, 20.0, 10.0])
    {
        // Polling with a timeout, the older idiom. Before Python 3.12, asyncio made a task for each timeout.
        let with_a_timeout = |name: &'static str, wanted: fn(&Interpreter) -> bool| {
            Run::in_python(name, move |interpreter| {
                wanted(interpreter).then(|| overhead_in(interpreter, &[model, "30000", "timeout"]))?
            })
        };
        let with_timeouts = match model {
            "coroutines" => vec![
                (with_a_timeout("a task for each timeout", |it| !it.is_at_least(3, 12)), Aim::TimesLess(50.0)),
                (with_a_timeout("with a timeout", |it| it.is_at_least(3, 12)), Aim::Nothing),
            ],
            _ => vec![(with_a_timeout("with a timeout", |_| true), Aim::Nothing)],
        };
        compare(
            &format!("an empty job, {model}"),
            Unit::Seconds,
            ROUNDS,
            Run::of("ours", || summary(program, &FLAGS).wall_seconds / JOBS as f64),
            executors(model)
                .into_iter()
                .map(|run| (run, Aim::Nothing))
                .chain([
                    (Run::of_python(peer, "overhead.py", &[model, "30000"], PYTHON_JOBS), Aim::TimesLess(times_less)),
                    (Run::of(name, || bare() / JOBS as f64), aim),
                ])
                .chain(with_timeouts),
        );
    }
}

/// CPython's pools of workers, from its module `concurrent.futures`. The pool of interpreters came with Python 3.14.
fn executors(model: &str) -> Vec<Run<'static>> {
    let pools: &[(&str, &str)] = match model {
        "threads" => &[("ThreadPoolExecutor", "thread-pool"), ("InterpreterPoolExecutor", "interpreter-pool")],
        "processes" => &[("ProcessPoolExecutor", "process-pool")],
        _ => &[],
    };
    let has_it = |pool: &str, interpreter: &Interpreter| pool != "interpreter-pool" || interpreter.is_at_least(3, 14);
    let run = |&(name, pool): &(&'static str, &'static str)| {
        Run::in_python(name, move |interpreter| {
            has_it(pool, interpreter).then(|| overhead_in(interpreter, &[pool, "30000"]))?
        })
    };
    pools.iter().map(run).collect()
}

/// The seconds that an empty job takes in CPython, or `None` if the script fails.
fn overhead_in(interpreter: &Interpreter, arguments: &[&str]) -> Option<f64> {
    let output = python(interpreter, "overhead.py", arguments).output().expect("CPython runs");
    output.status.success().then(|| number_in(&output, "overhead.py") / PYTHON_JOBS as f64)
}

/// Empty jobs whose every record is printed to a file. The program's start and end are included.
pub fn printed() {
    for (model, program, peer) in [THREADING, MULTIPROCESSING, ASYNCIO] {
        compare(
            &format!("an empty job with its records in a file, {model}"),
            Unit::Seconds,
            5,
            Run::of("ours", || into_file(Command::new(program).args(FLAGS).arg("--format=json")) / JOBS as f64),
            [(
                Run::of_python_into_file(peer, "overhead.py", &[model, "30000", "print"], PYTHON_JOBS),
                Aim::TimesLess(20.0),
            )],
        );
    }
}

/// One digest. The number of digests in a CPU-bound job of size 1 is the number in the unit.
pub fn digest() {
    let flags = ["--jobs=1", "--seed=1", "--workers=1", "--until-done", "--time=600"];
    let digests = job::jobs(&Seed::from(1), Kind::Cpu).map(|job| job.digests(1.0)).next().expect("one job") as f64;
    let unoptimized = as_the_reader_builds_it();
    let unoptimized = unoptimized.to_str().expect("a path in UTF-8");
    let hashlib = || Run::of_python("CPython's hashlib", "digest.py", &["200000"], 200_000);
    for (what, program, aim) in [
        ("a digest, as `cargo run` builds it", unoptimized, Aim::AtMostTimes(1.0)),
        ("a digest, released", THREADS, Aim::Nothing),
    ] {
        let ours = Run::of("ours", || summary(program, &flags).cpu_seconds / digests);
        compare(what, Unit::Seconds, 7, ours, [(hashlib(), aim)]);
    }
}

/// Builds `chapter-threads` in the dev profile, and returns its path.
///
/// The benchmark doesn't use `cargo run`: on Unix the program then replaces cargo, and inherits the CPU time that cargo
/// used.
fn as_the_reader_builds_it() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package=chapters", "--bin=chapter-threads"]);
    let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
    assert!(status.success(), "cargo build: {status}");
    let target = Path::new(THREADS).ancestors().nth(2).expect("a program in a profile's folder");
    target.join("debug").join("chapter-threads").with_extension(env::consts::EXE_EXTENSION)
}

fn list() -> impl Iterator<Item = Job> {
    job::jobs(&Seed::from(1), Kind::Cpu).take(JOBS)
}

/// Threads that empty a crossbeam channel.
fn channel() -> f64 {
    let (jobs, queue) = crossbeam::channel::unbounded();
    list().for_each(|job| jobs.send(job).expect("there is a receiver"));
    drop(jobs);
    let begin = Instant::now();
    let work = || {
        while let Ok(job) = queue.recv_timeout(PATIENCE) {
            black_box(job);
        }
    };
    thread::scope(|scope| (0..WORKERS).for_each(|_| _ = scope.spawn(work)));
    begin.elapsed().as_secs_f64()
}

/// Processes that empty a pipe of frames of one size. A read of 32 bytes returns one frame because all writes have that
/// size.
fn bare_pipe() -> f64 {
    let frame = [7; 32];
    let (reader, writer) = pipe().expect("a pipe");
    let begin = Instant::now();
    let fork = || {
        // SAFETY: this process has one thread at this moment, so the copy lacks none.
        unsafe { fork() }.expect("a process")
    };
    let mut children = Vec::new();
    let mut writer = Some(writer);
    for _ in 0..WORKERS {
        match fork() {
            ForkResult::Parent { child } => children.push(child),
            ForkResult::Child => {
                drop(writer.take());
                let mut frame = frame;
                while read(&reader, &mut frame).is_ok_and(|length| length > 0) {
                    black_box(frame);
                }
                exit(0);
            }
        }
    }
    drop(reader);
    let writer = writer.take().expect("the parent writes");
    (0..JOBS).for_each(|_| assert_eq!(write(&writer, &frame), Ok(frame.len())));
    drop(writer);
    children.into_iter().for_each(|child| _ = waitpid(child, None));
    begin.elapsed().as_secs_f64()
}

/// Coroutines that empty an async-channel on one thread.
fn async_channel() -> f64 {
    let (jobs, queue) = async_channel::unbounded();
    list().for_each(|job| jobs.try_send(job).expect("there is a receiver"));
    drop(jobs);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let begin = Instant::now();
    runtime.block_on(async {
        let work = |queue: async_channel::Receiver<Job>| async move {
            while let Ok(Ok(job)) = tokio::time::timeout(PATIENCE, queue.recv()).await {
                black_box(job);
            }
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| tokio::spawn(work(queue.clone()))).collect();
        for worker in workers {
            worker.await.expect("the worker ends");
        }
    });
    begin.elapsed().as_secs_f64()
}
