//! A coroutine that reports every 20 milliseconds that it is alive, while others compute, in four ways: `cargo
//! run --release --example heartbeat`. The name of a way shows only that run, and `--timeline=FILE.svg` draws it.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use chapters::coroutines::Runtime;
use chapters::demo::Demo;
use chapters::demos::workers::coroutines::{Stage, Worker, perform};
use chapters::environment;
use chapters::job::{self, Job, Kind};
use chapters::options::{self, Output, When};
use chapters::random::Seed;
use chapters::record::{Event, Record, Resource};
use chapters::service::{Outcome, Plan, Run};
use chapters::trace;
use chapters::usage::Usage;
use chapters::view::views::Views;
use clap::{Parser, ValueEnum};
use tokio::task;
use tokio::time::sleep;

/// The interval of the heartbeat.
const BEAT: Duration = Duration::from_millis(20);
const JOBS: u64 = 6;
/// The number of parts of a job that yields after each part.
const PARTS: u32 = 200;

/// How a worker does a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// On the event loop
    OnTheLoop,
    /// On the event loop, yielding to it between the parts of the job
    YieldNow,
    /// On a thread for blocking work
    SpawnBlocking,
    /// On an event loop with a thread for each core
    MultiThread,
}

/// A heartbeat beside CPU-bound jobs.
#[derive(Parser)]
#[command(name = "heartbeat")]
struct CommandLine {
    /// How the jobs run; without it, the program prints a table of all four ways
    way: Option<Way>,
    /// Multiplies the work of every job
    #[arg(long, value_name = "X", default_value_t = 0.5, value_parser = options::scale)]
    scale: f64,
    /// Number of workers; the first sends the heartbeat, and the others compute
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=100))]
    workers: u32,
    #[command(flatten)]
    output: Output,
}

/// State shared by all coroutines of a run.
struct Heart {
    way: Way,
    /// The number of workers that are still computing.
    computing: AtomicU32,
}

impl Stage for Heart {
    async fn play(&self, me: &Worker) {
        if me.is_first() {
            return self.beat(me).await;
        }
        for job in me.share_of_others(&me.jobs) {
            me.trace.record(Event::JobStarted(*job));
            compute(self.way, *job, me.scale).await;
            me.trace.record(Event::JobCompleted(*job));
            task::yield_now().await;
        }
        self.computing.fetch_sub(1, Relaxed);
    }

    async fn abandon(&self) {
        self.computing.fetch_sub(1, Relaxed); // in place of the worker that died
    }
}

impl Heart {
    // ANCHOR: beat
    async fn beat(&self, me: &Worker) {
        while self.computing.load(Relaxed) > 0 {
            sleep(BEAT).await;
            me.signals(Resource::Condition);
        }
    }
    // ANCHOR_END: beat
}

// ANCHOR: compute
async fn compute(way: Way, job: Job, scale: f64) {
    match way {
        Way::OnTheLoop | Way::MultiThread => job.run(scale),
        Way::YieldNow => {
            for _ in 0..PARTS {
                job.run(scale / f64::from(PARTS));
                task::yield_now().await;
            }
        }
        Way::SpawnBlocking => {
            task::spawn_blocking(move || job.run(scale)).await.expect("no job panics");
        }
    }
}
// ANCHOR_END: compute

/// Runs the jobs, and returns the records.
fn perform_in(way: Way, jobs: &[Job], plan: Plan) -> std::io::Result<(Vec<Record>, Duration, Outcome)> {
    let runtime = if way == Way::MultiThread { Runtime::MultiThread } else { Runtime::CurrentThread };
    let (trace, records) = trace::channel();
    let demo = Demo { plan, jobs: jobs.to_vec(), trace: trace.clone(), on_started: Box::new(|_| Ok(())) };
    let before = Usage::of_this_process();
    let stopped = perform(runtime, Heart { way, computing: AtomicU32::new(plan.workers - 1) }, demo)?;
    let wall = trace.origin().elapsed();
    Ok((records.rest(), wall, Outcome { usage: stopped.usage.since(before), ..stopped }))
}

/// The times between heartbeats.
fn silences(records: &[Record]) -> Vec<Duration> {
    let beats = records.iter().filter(|record| matches!(record.event, Event::Signalled(_)));
    let times: Vec<Duration> = [Duration::ZERO].into_iter().chain(beats.map(|record| record.at)).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn name(way: Way) -> String {
    way.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn main() -> ExitCode {
    environment::prepare_example();
    let CommandLine { way, scale, workers, output } = CommandLine::parse();
    let seed = Seed::from(1);
    let jobs: Vec<Job> = job::jobs(&seed, Kind::Cpu).take(JOBS as usize).collect();
    let plan = Plan { workers, time: Duration::from_secs(60), scale, until_done: true, echo_port: None };
    let shown = match way {
        Some(way) => show(way, &jobs, plan, seed, &output),
        None => compare(&jobs, plan),
    };
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Shows one way in the same form as a demo.
fn show(way: Way, jobs: &[Job], plan: Plan, seed: Seed, output: &Output) -> Result<(), String> {
    let run = Run { model: "coroutines", scene: Some("heartbeat"), interpreter: None, seed, jobs: JOBS, plan };
    let mut views = Views::open(run, output, When::Never)?;
    let (records, wall, stopped) = perform_in(way, jobs, plan).map_err(|error| error.to_string())?;
    views.show(&records);
    views.finish(wall, stopped).failures.into_iter().try_for_each(Err)
}

/// Shows all of them in a table.
fn compare(jobs: &[Job], plan: Plan) -> Result<(), String> {
    println!("way             beats  longest silence  wall time  CPU time");
    for way in Way::value_variants() {
        let (records, wall, stopped) = perform_in(*way, jobs, plan).map_err(|error| error.to_string())?;
        let silences = silences(&records);
        let longest = silences.iter().max().map_or(f64::INFINITY, |longest| 1e3 * longest.as_secs_f64());
        let (wall, cpu) = (wall.as_secs_f64(), stopped.usage.cpu.as_secs_f64());
        println!("{:14}  {:5}  {longest:12.1} ms  {wall:7.3} s  {cpu:6.3} s", name(*way), silences.len());
    }
    Ok(())
}
