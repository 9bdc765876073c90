//! Runs in which workers, brokers, and connections are killed.

use std::env;

use chapters::random::{CPythonFloat, Random, Seed};
use rand::distr::Distribution;

use crate::harness::{Fault, Test, run, start};

pub const TESTS: &[Test] = &[
    ("jobs_of_killed_workers_are_done_by_others", jobs_of_killed_workers_are_done_by_others),
    ("a_job_that_kills_its_workers_is_lost_by_number", a_job_that_kills_its_workers_is_lost_by_number),
    ("a_worker_that_comes_back_counts_no_job_twice", a_worker_that_comes_back_counts_no_job_twice),
    ("a_broker_that_is_restarted_goes_on", a_broker_that_is_restarted_goes_on),
    ("three_brokers_survive_the_loss_of_their_leader", three_brokers_survive_the_loss_of_their_leader),
    ("what_standard_input_names_is_killed", what_standard_input_names_is_killed),
];

/// A service whose jobs are long enough to be hit, with time for every kind of fault.
const SHORT: &str = "--workers=3 --kind=io --until-done --time=250 --attempts=100";

/// The number of times that a run is repeated until the fault has hit.
const OFTEN: u32 = 5;

fn jobs_of_killed_workers_are_done_by_others() -> Fault {
    let ended = run(&format!("--jobs=40 --seed=1 --scale=0.05 --kill=worker --kill=worker {SHORT}"))?;
    ended.has_status(0)?;
    let story = ended.story()?;
    story.completes_all()?;
    match (story.count("worker_died"), story.count("job_redelivered")) {
        (2, 1..) => Ok(()),
        found => Err(format!("expected two deaths and a redelivery: {found:?}")),
    }
}

fn a_job_that_kills_its_workers_is_lost_by_number() -> Fault {
    let flags =
        "--jobs=6 --seed=1 --scale=0 --workers=2 --until-done --time=250 --poison=2 --attempts=2 --ack-wait=0.5";
    let ended = run(flags)?;
    ended.has_status(1)?;
    let story = ended.story()?;
    let lost: Vec<u64> = story
        .records
        .iter()
        .filter(|it| it.event.name() == "job_lost")
        .filter_map(|it| it.event.job())
        .map(|job| job.number)
        .collect();
    match (&lost[..], story.summary.completed, story.count("worker_died")) {
        ([2], 5, 2..) => Ok(()),
        found => Err(format!("expected job 2 to be lost after two deaths: {found:?}")),
    }
}

fn a_worker_that_comes_back_counts_no_job_twice() -> Fault {
    for seed in 1..=OFTEN {
        let ended = run(&format!("--jobs=40 --seed={seed} --scale=0.1 --kill=network --ack-wait=1 {SHORT}"))?;
        ended.has_status(0)?;
        let story = ended.story()?;
        story.completes_all()?;
        // The run may end before the worker is cut off, or before its job is delivered again.
        if story.count("network_restored") > 0 && story.count("result_ignored") > 0 {
            return Ok(());
        }
    }
    Err("no worker came back with a job that another one had done".to_owned())
}

fn a_broker_that_is_restarted_goes_on() -> Fault {
    for seed in 1..=OFTEN {
        let ended = run(&format!("--jobs=40 --seed={seed} --scale=0.05 --kill=broker {SHORT}"))?;
        ended.has_status(0)?;
        let story = ended.story()?;
        story.completes_all()?;
        if story.count("broker_died") > 0 {
            return Ok(());
        }
    }
    Err("no broker died".to_owned())
}

fn three_brokers_survive_the_loss_of_their_leader() -> Fault {
    for seed in 1..=OFTEN {
        let ended =
            run(&format!("--jobs=40 --seed={seed} --scale=0.05 --brokers=3 --kill=leader --kill=worker {SHORT}"))?;
        ended.has_status(0)?;
        let story = ended.story()?;
        story.completes_all()?;
        if story.count("broker_died") > 0 {
            return Ok(());
        }
    }
    Err("no leader died".to_owned())
}

fn what_standard_input_names_is_killed() -> Fault {
    let mut run = start(&format!("--interactive --jobs=60 --seed=1 --scale=0.2 --brokers=3 {SHORT}"))?;
    run.wait_for("starts job")?;
    run.write("everything")?;
    run.write("worker")?;
    run.wait_for(" died")?;
    run.write("leader")?;
    run.wait_for(" is running again")?;
    let ended = run.end()?;
    ended.has_status(0)?;
    match (ended.stderr.trim(), ended.stdout.contains("60 jobs: 60 completed")) {
        ("everything: expected worker, broker, leader, or network", true) => Ok(()),
        found => Err(format!("{found:?}: {}", ended.stdout)),
    }
}

/// How many long runs there are, unless the variable `MACHINES_RUNS` says otherwise.
const RUNS: i64 = 200;

/// Runs with three brokers, each with a random sequence of kills.
pub fn long() -> impl Iterator<Item = (String, impl FnOnce() -> Fault + Send + 'static)> {
    let runs = env::var("MACHINES_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    (1..=runs).map(|seed| (format!("random_kills::{seed}"), move || random_kills(seed)))
}

fn random_kills(seed: i64) -> Fault {
    const FAULTS: [&str; 4] = ["worker", "broker", "leader", "network"];
    let mut random = Random::new(&Seed::from(seed));
    let mut draw = |below: usize| (CPythonFloat.sample(&mut random) * below as f64) as usize;
    let kills: String = (0..=draw(4)).map(|_| format!(" --kill={}", FAULTS[draw(4)])).collect();
    let ended = run(&format!("--jobs=40 --seed={seed} --scale=0.03 --brokers=3 {SHORT}{kills}"))?;
    ended.has_status(0)?;
    ended.story()?.completes_all()
}
