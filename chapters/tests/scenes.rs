//! A thread or a coroutine that panics in a scene, in every one of its jobs. No command line can make a worker panic, so
//! this test gives each scene a job that panics. A process that panics ends like one that is killed, which `soak` tests.
//!
//! The others must find out. The run says which worker died, and hangs in no wait.

use std::sync::mpsc;
use std::time::Duration;
use std::{panic, thread};

use chapters::coroutines::Runtime;
use chapters::demo::Demo;
use chapters::demos::primitives::Primitive;
use chapters::demos::queues::QueueDemo;
use chapters::demos::{Part, Spawner};
use chapters::job::{Job, Kind, jobs};
use chapters::random::Seed;
use chapters::record::Record;
use chapters::service::{Model, Plan};
use chapters::trace;
use clap::ValueEnum;

/// The time limit of a scene, which computes for some milliseconds.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The numbers of workers: the minimum, and enough that some of them wait for each other.
const WORKERS: [u32; 2] = [2, 4];

#[test]
fn a_worker_that_panics_in_a_scene_holds_nobody_up() {
    // Hundreds of panics are expected. Print only the others.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !panic.payload_as_str().is_some_and(|what| what.contains("value is negative")) {
            report(panic);
        }
    }));
    thread::scope(|scope| {
        for (model, spawner) in [
            (Model::Threads, Spawner::Threads),
            (Model::Coroutines, Spawner::Coroutines(Runtime::CurrentThread)),
            (Model::Coroutines, Spawner::Coroutines(Runtime::MultiThread)),
        ] {
            for part in Primitive::value_variants().iter().filter(|part| part.missing(model).is_none()) {
                scope.spawn(move || each_job(*part, spawner));
            }
            for part in QueueDemo::value_variants().iter().filter(|part| part.missing(model).is_none()) {
                scope.spawn(move || each_job(*part, spawner));
            }
        }
    });
}

/// Runs the scene once for each of its jobs, with a bad job in its place. Checks that the worker that began the bad job
/// died, and that all others finished.
fn each_job<P: Part>(part: P, spawner: Spawner) {
    for workers in WORKERS {
        for bad in 0..part.jobs(workers.into()) as usize {
            let what = format!("{}, {spawner:?}, {workers} workers, job {bad} bad", part.name());
            let records = play(part, spawner, workers, bad).unwrap_or_else(|| panic!("{what}: it hangs or panicked"));
            let all = |name: &str| records.iter().filter(|it| it.event.name() == name).collect::<Vec<_>>();
            let is_bad = |it: &&&Record| it.event.job().is_some_and(|job| job.number == bad as u64);
            let begun = all("job_started").iter().find(is_bad).map(|it| it.worker);
            let died: Vec<_> = all("worker_died").iter().map(|it| it.worker).collect();
            assert_eq!(died, [begun.expect("it was begun")], "{what}: {records:#?}");
            assert_eq!(all("worker_finished").len(), workers as usize - 1, "{what}: {records:#?}");
        }
    }
}

/// Runs a scene on a thread that may hang, with a bad job at this index.
fn play<P: Part>(part: P, spawner: Spawner, workers: u32, bad: usize) -> Option<Vec<Record>> {
    let mut list: Vec<Job> = jobs(&Seed::from(1), Kind::Io).take(part.jobs(workers.into()) as usize).collect();
    list[bad].size = -1.0; // no sleep takes less than no time
    let plan = Plan { workers, time: Duration::from_secs(86_400), scale: 0.0005, until_done: true, echo_port: None };
    let (end, ended) = mpsc::channel();
    thread::spawn(move || {
        let (trace, records) = trace::channel();
        let demo = Demo { plan, jobs: list, trace, on_started: Box::new(|_| Ok(())) };
        part.perform(spawner, demo).expect("the workers start");
        end.send(records.rest())
    });
    ended.recv_timeout(TIMEOUT).ok()
}
