//! A worker that panics. No command line can make a worker panic, so these tests give each scene a job that panics.

use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chapters::coroutines::Runtime;
use chapters::demo::Demo;
use chapters::demos::primitives::{self, Primitive};
use chapters::demos::queues::{self, QueueDemo};
use chapters::demos::workers::processes::Actor;
use chapters::demos::{Part, Spawner};
use chapters::job::{Job, Kind, jobs};
use chapters::processes::Method;
use chapters::processes::start;
use chapters::random::{Random, Seed};
use chapters::record::{Event, Record};
use chapters::service::Model;
use chapters::service::Plan;
use chapters::trace;
use clap::ValueEnum;
use libtest_mimic::{Failed, Trial};
use rand::RngExt;

use crate::again::run_again;

/// The argument that makes this program run one scene and print its records.
pub const PLAY: &str = "play";
/// The environment variable that names the demo whose workers these are.
const PROGRAM: &str = "SCENES_PROGRAM";
/// The time limit of a scene, which computes for some milliseconds.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The numbers of workers: the minimum, and enough that some of them wait for each other.
const WORKERS: [u32; 2] = [2, 4];

/// Runs a scene with this number of workers, and a bad job in place of the one at this index.
type Play<P> = fn(P, u32, usize) -> Result<Vec<Record>, Failed>;

/// The work of a process of this program that was started as a worker or as a fork server.
pub fn child_main() -> Option<ExitCode> {
    match std::env::var(PROGRAM).ok()?.as_str() {
        Primitive::PROGRAM => start::child_main::<Actor<primitives::processes::Stage>>(),
        _ => start::child_main::<Actor<queues::processes::Stage>>(),
    }
}

pub fn trials() -> Vec<Trial> {
    let primitives = Primitive::value_variants().iter().flat_map(|part| trials_of(*part));
    primitives.chain(QueueDemo::value_variants().iter().flat_map(|part| trials_of(*part))).collect()
}

fn trials_of<P: Part>(part: P) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut add = |model: Model, how: &str, play: Play<P>| {
        if part.missing(model).is_none() {
            let name = |words| format!("{}::{how}::a worker that panics in {words} holds nobody up", part.name());
            // Starting a process takes a thousand times longer than starting a thread.
            let apart = model == Model::Processes;
            trials.push(Trial::test(name("each job"), move || each_job(part, play)).with_ignored_flag(apart));
            if apart {
                trials.push(Trial::test(name("some job"), move || some_job(part, play)));
            }
        }
    };
    add(Model::Threads, "threads", |part, workers, bad| watched(part, Spawner::Threads, workers, bad));
    add(Model::Coroutines, "current-thread", |part, workers, bad| {
        watched(part, Spawner::Coroutines(Runtime::CurrentThread), workers, bad)
    });
    add(Model::Coroutines, "multi-thread", |part, workers, bad| {
        watched(part, Spawner::Coroutines(Runtime::MultiThread), workers, bad)
    });
    add(Model::Processes, "fork", |part, workers, bad| apart(part, Method::Fork, workers, bad));
    add(Model::Processes, "spawn", |part, workers, bad| apart(part, Method::Spawn, workers, bad));
    add(Model::Processes, "forkserver", |part, workers, bad| apart(part, Method::Forkserver, workers, bad));
    trials
}

/// Runs the scene once for each of its jobs, with a bad job in its place.
fn each_job<P: Part>(part: P, play: Play<P>) -> Result<(), Failed> {
    for workers in WORKERS {
        for bad in 0..part.jobs(workers.into()) as usize {
            one_died(part, play, workers, bad)?;
        }
    }
    Ok(())
}

/// Runs the scene with a bad job at a random index.
fn some_job<P: Part>(part: P, play: Play<P>) -> Result<(), Failed> {
    let mut random = Random::new(&Seed::fresh());
    let workers = WORKERS[random.random_range(0..WORKERS.len())];
    let bad = random.random_range(0..part.jobs(workers.into()) as usize);
    one_died(part, play, workers, bad)
}

/// Checks that the worker that began the bad job died, and that all others finished.
fn one_died<P: Part>(part: P, play: Play<P>, workers: u32, bad: usize) -> Result<(), Failed> {
    let what = format!("{} with {workers} workers, job {bad} bad", part.name());
    let records =
        play(part, workers, bad).map_err(|error| format!("{what}: {}", error.message().unwrap_or_default()))?;
    let all = |name: &str| records.iter().filter(|it| it.event.name() == name).collect::<Vec<_>>();
    let begun = all("job_started").into_iter().find(|it| it.event.job().is_some_and(|job| job.number == bad as u64));
    let Some(begun) = begun else { panic!("{what}, and not begun: {records:#?}") };
    let died: Vec<_> = all("worker_died").iter().map(|it| it.worker).collect();
    assert_eq!(died, [begun.worker], "{what}: {records:#?}");
    assert_eq!(all("worker_finished").len(), workers as usize - 1, "{what}: {records:#?}");
    Ok(())
}

/// Runs a scene in this process, on a thread that may hang.
fn watched<P: Part>(part: P, spawner: Spawner, workers: u32, bad: usize) -> Result<Vec<Record>, Failed> {
    let (end, ended) = mpsc::channel();
    let play = move || end.send(play(part, spawner, workers, bad));
    thread::spawn(play);
    Ok(ended.recv_timeout(TIMEOUT).map_err(|_| format!("it hangs, or panicked itself, within {TIMEOUT:?}"))??)
}

fn play<P: Part>(part: P, spawner: Spawner, workers: u32, bad: usize) -> std::io::Result<Vec<Record>> {
    let mut list: Vec<Job> = jobs(&Seed::from(1), Kind::Io).take(part.jobs(workers.into()) as usize).collect();
    list[bad].size = -1.0; // no sleep takes less than no time
    let plan = Plan { workers, time: Duration::from_secs(86_400), scale: 0.0005, until_done: true, echo_port: None };
    let (trace, records) = trace::channel();
    let demo = Demo { plan, jobs: list, trace, on_started: Box::new(|_| Ok(())) };
    part.perform(spawner, demo)?;
    Ok(records.rest())
}

/// Runs a scene in a process of its own, which has one thread and may fork.
fn apart<P: Part>(part: P, method: Method, workers: u32, bad: usize) -> Result<Vec<Record>, Failed> {
    let method = method.to_possible_value().expect("no method is hidden").get_name().to_owned();
    let arguments = [PLAY, P::PROGRAM, part.name(), &method, &workers.to_string(), &bad.to_string()];
    let text = run_again(&arguments, TIMEOUT, |player| {
        // The panic is expected, so its long backtrace isn't needed.
        player.env_remove("RUST_BACKTRACE").env(PROGRAM, P::PROGRAM);
    })?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Whether this is the panic of a worker that got the bad job.
pub fn is_expected(panic: &PanicHookInfo) -> bool {
    panic.payload_as_str().is_some_and(|what| what.contains("value is negative"))
}

/// The work of the process that [`apart`] starts.
pub fn play_alone(arguments: &[String]) -> ExitCode {
    let [program, part, method, workers, bad] = arguments else { panic!("a test wrote other arguments") };
    let method = Method::from_str(method, false).expect("a test wrote it");
    let (workers, bad) = (workers.parse().expect("a number"), bad.parse().expect("a number"));
    let records = match program.as_str() {
        Primitive::PROGRAM => {
            play(Primitive::from_str(part, false).expect("a part"), Spawner::Processes(method), workers, bad)
        }
        _ => play(QueueDemo::from_str(part, false).expect("a part"), Spawner::Processes(method), workers, bad),
    };
    for record in records.expect("the scene can be played") {
        let is_summary = matches!(record.event, Event::ServiceStopped(_));
        assert!(!is_summary, "a scene has no summary of its own");
        println!("{}", serde_json::to_string(&record).expect("a record is JSON"));
    }
    ExitCode::SUCCESS
}
