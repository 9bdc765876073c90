//! Kills processes: a worker, all workers, the fork server, the parent. The rest of the run continues, ends in time,
//! and reports the fate of the jobs, and no process outlives it.

use std::thread;
use std::time::{Duration, Instant};

use chapters::random::{Random, Seed};
use chapters::record::{Event, Record};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::RngExt;

use crate::common::proc::{self, Process};
use crate::common::story::Story;
use crate::common::{
    FOREVER, FORK, FORKSERVER, LONGEST, PROCESSES, Running, SPAWN, TRIES, Variant, each, eventually, often,
};

/// The worker processes that exist at this moment.
fn workers(variant: &Variant, demo: Pid) -> Vec<Process> {
    let children = proc::children(demo);
    match variant.name == FORKSERVER.name {
        true => children.iter().flat_map(|server| proc::children(server.pid)).filter(Process::is_alive).collect(),
        false => children.into_iter().filter(Process::is_alive).collect(),
    }
}

fn all_workers(variant: &Variant, run: &Running, number: usize) -> Vec<Process> {
    eventually(&format!("{number} workers of {} are there", run.pid()), LONGEST, || {
        Some(workers(variant, run.pid())).filter(|workers| workers.len() == number)
    })
}

/// Checks that the run goes on without a worker: it ends in order, and reports the death.
fn goes_on_without(died: usize, run: Running) -> Story {
    let story = run.finish().exits_with(1).story();
    assert_eq!(story.all("worker_died").count(), died, "{:#?}", story.records);
    story
}

/// Kills one worker at a random moment of a run that isn't over before.
fn kill_one(variant: &Variant, random: &mut Random) {
    // Sometimes the queue is never empty, sometimes the workers crowd around it, sometimes they wait at it for long.
    let (jobs, kind, scale) = match random.random_range(0..3) {
        0 => (50_000, "--kind=io", "--scale=0.002"),
        1 => (2000, "--kind=io", "--scale=0"),
        _ => (100, "--kind=io", "--scale=0.001"),
    };
    let (list, seed) = (format!("--jobs={jobs}"), format!("--seed={}", random.random_range(0..1_000_000)));
    let mut run = variant.run([&list[..], kind, scale, &seed, "--workers=3", FOREVER]).start();
    let (mut died, mut lost, mut completed) = (false, 0, 0);
    let mut count = |record: &Record| {
        died |= matches!(record.event, Event::WorkerDied(_));
        lost += u64::from(matches!(record.event, Event::WorkerDied(Some(_))));
        completed += u64::from(matches!(record.event, Event::JobCompleted(_)));
        (died, completed + lost)
    };
    // A moment after some record, or after the workers came to be.
    if random.random_range(0..3) == 0 {
        (0..random.random_range(1..40)).filter_map(|_| run.record()).for_each(|record| _ = count(&record));
    }
    let moment = Duration::from_micros(random.random_range(0..20_000));
    let victims = all_workers(variant, &run, 3);
    let moment = Instant::now() + moment;
    while Instant::now() < moment {
        thread::yield_now();
    }
    kill(victims[random.random_range(0..3)].pid, Signal::SIGKILL).expect("the worker is there");
    // The others do the rest, if it isn't too much. Then they wait for the end of the service.
    let rest = if jobs == 50_000 { 0 } else { jobs };
    let reached = |(died, done): (bool, u64)| died && done >= rest;
    while !reached(count(&run.record().expect("the run goes on"))) {}
    run.signal(Signal::SIGINT);
    let story = run.finish().exits_with(130).story();
    assert_eq!(story.all("worker_died").count(), 1, "{:#?}", story.records);
    let stopping = story.stopping();
    let survivors = story.all("worker_finished").filter(|end| end.at < stopping).count();
    assert_eq!(survivors, 0, "a worker ended before the service stopped: {:#?}", story.records);
}

/// Kills at `moments` random moments, spread over all start methods, several runs side by side.
fn kill_often(moments: usize, seed: i64) {
    let batch = 12;
    each(&PROCESSES, |variant| {
        thread::scope(|scope| {
            for part in 0..batch / PROCESSES.len() {
                let offset = part as i64 + 10 * variant.name.len() as i64;
                let mut random = Random::new(&Seed::from(seed + offset));
                let run = move || (0..moments / batch).for_each(|_| kill_one(variant, &mut random));
                thread::Builder::new().name(variant.name.to_owned()).spawn_scoped(scope, run).expect("a thread");
            }
        });
    });
}

#[test]
fn a_worker_killed_at_any_moment_takes_only_its_job_along() {
    kill_often(12, 1);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_worker_killed_at_any_of_300_moments_takes_only_its_job_along() {
    kill_often(300, 1000);
}

#[test]
fn the_last_job_is_done_though_a_worker_is_killed() {
    each(&PROCESSES, |variant| {
        let flags = ["--jobs=100", "--kind=io", "--scale=0.02", "--workers=3", "--until-done", FOREVER];
        // On a busy machine, the run may be over before its workers are seen.
        let killed = (0..TRIES).find_map(|_| {
            let mut run = variant.run(flags).start();
            run.wait_for("job_started", |event| event.name() == "job_started");
            let demo = Process::find(run.pid()).expect("nobody has waited for it yet");
            let victims = eventually("three workers, or the run's end", LONGEST, || {
                let workers = workers(variant, run.pid());
                (workers.len() == 3 || !demo.is_alive()).then_some(workers)
            });
            kill(victims.first()?.pid, Signal::SIGKILL).ok()?;
            let run = run.finish();
            (run.status == 1).then(|| run.story())
        });
        let story = killed.expect("a worker is killed before the last job is done");
        assert_eq!(story.all("worker_died").count(), 1, "{:#?}", story.records);
        assert_eq!(story.summary.left, 0, "{:?}", story.summary);
    });
}

#[test]
fn a_run_whose_workers_are_all_killed_ends_before_its_deadline() {
    for flags in [["--jobs=1000", "--kind=io"], ["--jobs=100", "--scale=100"], ["--jobs=0", "--kind=io"]] {
        each(&PROCESSES, |variant| {
            let mut run = variant.run(flags.into_iter().chain(["--workers=3", FOREVER])).start();
            run.wait_for("worker_started", |event| event.name() == "worker_started");
            let victims = all_workers(variant, &run, 3);
            victims.iter().for_each(|worker| kill(worker.pid, Signal::SIGKILL).expect("the worker is there"));
            goes_on_without(3, run);
        });
    }
}

#[test]
fn a_run_whose_fork_server_is_killed_ends_in_time_and_leaves_nothing_behind() {
    let flags = ["--jobs=1000", "--kind=io", "--scale=0.01", "--workers=3", "--time=1"];
    // On a busy machine, the run may be over before its server is seen.
    let killed = (0..TRIES).any(|_| {
        let mut run = FORKSERVER.run(flags).start();
        run.wait_for("job_started", |event| event.name() == "job_started");
        let family = proc::tree(run.pid());
        let server = proc::children(run.pid()).into_iter().find(|child| !proc::children(child.pid).is_empty());
        let killed = server.is_some_and(|server| kill(server.pid, Signal::SIGKILL).is_ok());
        let run = run.finish();
        assert!(run.status == 0 || run.status == 1, "exit status {}: {}", run.status, run.stderr);
        let _ = run.story();
        gone(&family);
        killed
    });
    assert!(killed, "the fork server is killed while it has children");
}

fn gone(family: &[Process]) {
    eventually("the run's processes are gone", LONGEST, || {
        family.iter().all(|process| !process.is_alive()).then_some(())
    });
}

#[test]
fn nothing_outlives_a_parent_that_is_killed() {
    for flags in [["--jobs=100", "--scale=100"], ["--jobs=100000", "--kind=io"], ["--jobs=0", "--kind=io"]] {
        each(&[&FORK, &SPAWN, &FORKSERVER], |variant| {
            let mut run = variant.run(flags.into_iter().chain([FOREVER])).start();
            let busy = flags[0] != "--jobs=0";
            let wanted = if busy { "job_started" } else { "worker_started" };
            run.wait_for(wanted, |event| event.name() == wanted);
            all_workers(variant, &run, 4);
            let family = proc::tree(run.pid());
            run.signal(Signal::SIGKILL);
            gone(&family);
            run.finish().exits_with(-9);
        });
    }
}

#[test]
fn nothing_outlives_a_parent_that_is_killed_while_it_starts_workers() {
    let random = &mut Random::new(&Seed::from(7));
    for _ in 0..often(5) {
        let spins: Vec<Duration> = (0..3).map(|_| Duration::from_micros(random.random_range(0..30_000))).collect();
        each(&PROCESSES, |variant| {
            let run = variant.run(["--jobs=100", "--scale=100", "--workers=20", FOREVER]).start();
            eventually("the first child", LONGEST, || proc::children(run.pid()).pop());
            let moment = Instant::now() + spins[variant.name.len() % 3];
            while Instant::now() < moment {
                thread::yield_now();
            }
            run.signal(Signal::SIGKILL);
            let group = run.pid();
            eventually("the run's processes are gone", LONGEST, || {
                proc::group(group).iter().all(|process| !process.is_alive()).then_some(())
            });
            run.finish().exits_with(-9);
        });
    }
}

#[test]
fn no_child_is_left_when_a_run_ends_not_even_a_dead_one() {
    // Orphans become children of this process, which doesn't reap them, so leftovers of the demo stay visible.
    prctl::set_child_subreaper(true).expect("the system lets a process adopt orphans");
    each(&PROCESSES, |variant| {
        for flags in [["--jobs=20", "--until-done"], ["--jobs=0", "--time=0.1"], ["--jobs=2000", "--time=0.1"]] {
            let run = variant.run(flags.into_iter().chain(["--kind=io", "--scale=0.01", "--workers=8"]));
            let run = run.finish().exits_with(0);
            assert_eq!(proc::group(run.pid), [], "{} left these behind", run.line);
        }
    });
    prctl::set_child_subreaper(false).expect("and lets it stop");
}
