//! A worker process that is killed, at any moment of a scene.

use std::thread;
use std::time::{Duration, Instant};

use chapters::demos::Part;
use chapters::demos::primitives::Primitive;
use chapters::demos::queues::QueueDemo;
use chapters::random::{Random, Seed};
use chapters::service::Model;
use clap::ValueEnum;
use libtest_mimic::{Failed, Trial};
use nix::unistd::Pid;
use rand::RngExt;

use super::common::proc::{self, Process};
use super::common::{PRIMITIVES, QUEUES, TRIES, Variant, eventually};

/// How many workers a scene has: one with a part of its own, and two that may wait for each other.
const WORKERS: usize = 3;
/// A run that takes longer hangs. It has less than a second of work.
const LONGEST: Duration = Duration::from_secs(120);
/// How many kills there are of each worker of each scene by each method: in a quick run, and in a long one.
const FEW: usize = 1;
const MANY: usize = 12;

pub fn trials() -> Vec<Trial> {
    let parts = |model: Model| {
        let primitives = Primitive::value_variants().iter().filter(move |part| part.missing(model).is_none());
        let queues = QueueDemo::value_variants().iter().filter(move |part| part.missing(model).is_none());
        let primitives = primitives.map(|part| (&PRIMITIVES, part.name()));
        primitives.chain(queues.map(|part| (&QUEUES, part.name()))).collect::<Vec<_>>()
    };
    let mut trials = Vec::new();
    for (program, part) in parts(Model::Processes) {
        for method in ["fork", "spawn", "forkserver"] {
            for (kills, long, words) in [(FEW, false, "at some moment"), (MANY, true, "at many moments")] {
                let name = format!("{part}::{method}::a worker killed {words} holds nobody up");
                let trial = Trial::test(name, move || kill_each(program, part, method, kills));
                trials.push(trial.with_ignored_flag(long));
            }
        }
    }
    trials
}

/// Kills each worker of the scene several times, each time in another run. A run whose worker was done before the kill is
/// repeated; but some workers are done so quickly that they are seldom hit.
fn kill_each(program: &Variant, part: &'static str, method: &str, kills: usize) -> Result<(), Failed> {
    let mut random = Random::new(&Seed::fresh());
    let mut hits = 0;
    for victim in 0..WORKERS {
        let tries = (0..10 * kills).filter(|_| kill_one(program, part, method, victim, &mut random));
        hits += tries.take(kills).count();
    }
    // On a busy machine, more runs may be needed.
    if hits == 0 && !(0..TRIES).any(|_| kill_one(program, part, method, 0, &mut random)) {
        return Err(format!("{part} by {method}: every worker was done before it was hit").into());
    }
    Ok(())
}

/// Runs the scene, kills a worker at a random moment, and returns whether it died of that.
fn kill_one(program: &Variant, part: &str, method: &str, victim: usize, random: &mut Random) -> bool {
    let flags = [
        part.to_owned(),
        "--model=processes".to_owned(),
        format!("--method={method}"),
        format!("--workers={WORKERS}"),
        format!("--seed={}", random.random_range(0..1000)),
        "--scale=0.1".to_owned(),
        "--format=json".to_owned(),
    ];
    let run = program.bare(flags.iter().map(String::as_str)).within(LONGEST);
    let mut run = run.start();
    let group = run.pid();
    let demo = Process::find(run.pid()).expect("nobody has waited for it yet");
    // After some record, or as soon as the workers are there; and in either case a moment later.
    if random.random_range(0..4) > 0 {
        (0..random.random_range(1..30)).for_each(|_| _ = run.record());
    }
    let pause = Duration::from_micros(random.random_range(0..5000));
    let victim = eventually("a worker, or the run's end", LONGEST, || {
        // One that has nothing more to do may be gone.
        let mut workers = workers(method, demo.pid);
        (!workers.is_empty())
            .then(|| Some(workers.swap_remove(victim.min(workers.len() - 1))))
            .or_else(|| (!demo.is_alive()).then_some(None))
    });
    let moment = Instant::now() + pause;
    while Instant::now() < moment {
        thread::yield_now();
    }
    let hit = victim.is_some_and(|worker| worker.kill());
    let run = run.finish();
    assert!(matches!(run.status, 0 | 1), "{}: status {}: {}", run.line, run.status, run.stderr);
    assert_eq!(run.stderr, "", "{}", run.line);
    let died = run.scene(WORKERS);
    assert_eq!(run.status, died as i32, "{}", run.line);
    assert!(died == 0 || hit, "{}: a worker died, and none was killed", run.line);
    let gone = || proc::group(group).iter().all(|process| !process.is_alive()).then_some(());
    eventually("the run's processes are gone", LONGEST, gone);
    died == 1
}

/// The worker processes that there are at this moment, in the order in which they were started.
fn workers(method: &str, demo: Pid) -> Vec<Process> {
    let children = proc::children(demo);
    let mut workers: Vec<Process> = match method {
        "forkserver" => children.iter().flat_map(|server| proc::children(server.pid)).collect(),
        _ => children,
    };
    workers.retain(Process::is_alive);
    workers.sort_by_key(|worker| worker.pid);
    workers
}
