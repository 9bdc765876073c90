//! Kills processes: a worker, all workers, the fork server, the parent. The rest of the run continues, ends in time,
//! and reports the fate of the jobs, and no process outlives it. `soak` kills at random moments.

use std::thread;
use std::time::{Duration, Instant};

use chapters::random::{Random, Seed};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::RngExt;

use crate::common::proc::{self, Process};
use crate::common::{
    FOREVER, FORK, FORKSERVER, PROCESSES, Running, SPAWN, TIMEOUT, TRIES, Variant, each, eventually, often,
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
    eventually(&format!("{number} workers of {} are there", run.pid()), TIMEOUT, || {
        Some(workers(variant, run.pid())).filter(|workers| workers.len() == number)
    })
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
            let victims = eventually("three workers, or the run's end", TIMEOUT, || {
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
            let story = run.finish().exits_with(1).story();
            assert_eq!(story.all("worker_died").count(), 3, "{:#?}", story.records);
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
    eventually("the run's processes are gone", TIMEOUT, || {
        family.iter().all(|process| !process.is_alive()).then_some(())
    });
}

#[test]
fn nothing_outlives_a_parent_that_is_killed() {
    for flags in [["--jobs=100", "--scale=100"], ["--jobs=10000", "--kind=io"], ["--jobs=0", "--kind=io"]] {
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
            eventually("the first child", TIMEOUT, || proc::children(run.pid()).pop());
            let moment = Instant::now() + spins[variant.name.len() % 3];
            while Instant::now() < moment {
                thread::yield_now();
            }
            run.signal(Signal::SIGKILL);
            let group = run.pid();
            eventually("the run's processes are gone", TIMEOUT, || {
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
