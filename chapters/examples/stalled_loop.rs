//! The scene `lock` of `chapter-primitives` with the wrong lock, a thread's, held over an `await` on one event loop.
//!
//! The loop blocks forever. A watchdog on another thread notices, reports it, and ends the program. Three of the
//! workers want the lock, and the fourth doesn't need it: `cargo run --example stalled_loop -- --seed=1`. In a control run,
//! with `--lock=coroutines`, the lock is the only difference, and the loop isn't blocked.

use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use chapters::coroutines::{self, Runtime};
use chapters::demos::worker;
use chapters::environment;
use chapters::job::{self, Job, Kind};
use chapters::options::{Output, When};
use chapters::random::Seed;
use chapters::record::{Event, Resource, WorkerId};
use chapters::service::{Outcome, Plan, Run};
use chapters::threads::Lock;
use chapters::trace::{self, Recorder, Trace};
use chapters::usage::Usage;
use chapters::view::views::Views;
use clap::{Parser, ValueEnum};
use tokio::time::sleep;

type Worker = worker::Worker<Recorder>;

/// The interval of the loop's heartbeat.
const BEAT: Duration = Duration::from_millis(20);
/// How long the watchdog waits for a heartbeat.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_millis(500);

const WORKERS: u32 = 4;
const JOBS: u64 = 16;
/// A job waits for about a tenth of a second.
const SCALE: f64 = 0.1;

/// The lock that the workers share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Which {
    /// A thread's lock, which blocks the event loop
    #[default]
    Threads,
    /// A coroutine's lock, which lets other coroutines run
    Coroutines,
}

/// An event loop that is blocked because a coroutine holds a thread's lock over an `await`.
#[derive(Parser)]
struct Options {
    /// The lock that the workers share
    #[arg(long, value_enum, default_value_t)]
    lock: Which,

    /// Any integer: the same seed gives the same jobs. By default, a new seed is chosen and printed
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    seed: Option<Seed>,

    #[command(flatten)]
    output: Output,
}

// ANCHOR: pay_in
/// Earns something, and pays it into the account.
async fn pay_in(me: &Worker, account: &Lock<u64>) {
    let jobs: Vec<_> = me.share(&me.jobs).collect();
    for pair in jobs.chunks(2) {
        me.work_async(pair[0]).await;
        me.waits(Resource::Lock);
        let mut balance = account.acquire(); // blocks the thread: no `await` here
        me.acquires(Resource::Lock);
        me.work_async(pair[1]).await; // pauses with the lock held
        *balance += 1;
        me.releases(Resource::Lock);
    }
}
// ANCHOR_END: pay_in

/// The same with a coroutine's lock.
async fn pay_in_awaiting(me: &Worker, account: &coroutines::Lock<u64>) {
    let jobs: Vec<_> = me.share(&me.jobs).collect();
    for pair in jobs.chunks(2) {
        me.work_async(pair[0]).await;
        me.waits(Resource::Lock);
        let mut balance = account.acquire().await;
        me.acquires(Resource::Lock);
        me.work_async(pair[1]).await;
        *balance += 1;
        me.releases(Resource::Lock);
    }
}

/// Works without the lock.
async fn work(me: &Worker) {
    for job in me.share(&me.jobs) {
        me.work_async(job).await;
    }
}

/// Sends a heartbeat at regular intervals, as long as the loop runs.
async fn beat(beats: Sender<()>) {
    while beats.send(()).is_ok() {
        sleep(BEAT).await;
    }
}

/// Waits until the loop ends and returns true, or until a heartbeat is late and returns false.
fn watch(beats: &Receiver<()>) -> bool {
    loop {
        match beats.recv_timeout(HEARTBEAT_TIMEOUT) {
            Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) => return false,
        }
    }
}

/// Plays the scene on one event loop.
fn play(which: Which, jobs: &[Job], trace: &Trace, beats: Sender<()>) -> io::Result<()> {
    let (account, awaited) = (Lock::guarding(0), coroutines::Lock::guarding(0));
    let part = async |id: u32| {
        let trace = trace.worker(WorkerId(id));
        let me = Worker { id: WorkerId(id), workers: WORKERS as usize, jobs: jobs.to_vec(), scale: SCALE, trace };
        me.trace.record(Event::WorkerStarted);
        match which {
            _ if id == WORKERS - 1 => work(&me).await,
            Which::Threads => pay_in(&me, &account).await,
            Which::Coroutines => pay_in_awaiting(&me, &awaited).await,
        }
        me.trace.record(Event::WorkerFinished);
    };
    Runtime::CurrentThread.build()?.block_on(async {
        let workers = async { tokio::join!(part(0), part(1), part(2), part(3)) };
        tokio::select! {
            _ = workers => {}
            () = beat(beats) => {}
        }
    });
    Ok(())
}

fn main() -> ExitCode {
    environment::prepare_example();
    let Options { lock, seed, output } = Options::parse();
    let output = Output { without_summary: true, ..output };
    let plan =
        Plan { workers: WORKERS, time: Duration::from_secs(86_400), scale: SCALE, until_done: true, echo_port: None };
    let seed = seed.unwrap_or_else(Seed::fresh);
    let jobs: Vec<Job> = job::jobs(&seed, Kind::Io).take(JOBS as usize).collect();
    let scene = match lock {
        Which::Threads => "a thread's lock",
        Which::Coroutines => "a coroutine's lock",
    };
    let run = Run { model: "coroutines", scene: Some(scene), interpreter: None, seed, jobs: JOBS, plan };
    let mut views = match Views::open(run, &output, When::Never) {
        Ok(views) => views,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };

    let (trace, records) = trace::channel();
    let (beats, heartbeats) = mpsc::channel();
    trace.service().record(Event::ServiceStarting);
    let stage = trace.clone();
    // A blocked thread is never joined. It ends with the program.
    let loop_thread = thread::spawn(move || play(lock, &jobs, &stage, beats));
    let ended = watch(&heartbeats);
    if ended && let Ok(Err(error)) = loop_thread.join() {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }

    let wall = trace.origin().elapsed();
    let records = records.rest();
    let begun = records.iter().filter(|record| matches!(record.event, Event::JobStarted(_))).count();
    views.show(&records);
    let report = views.finish(wall, Outcome { left: JOBS - begun as u64, usage: Usage::of_this_process() });
    if !ended {
        eprintln!(
            "watchdog: no heartbeat for {HEARTBEAT_TIMEOUT:?}, {} jobs in progress: the event loop is blocked",
            report.lost
        );
    }
    report.failures.iter().for_each(|failure| eprintln!("error: {failure}"));
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
