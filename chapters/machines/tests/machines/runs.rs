//! Runs without faults: jobs, deadlines, signals, and roles.

use chapters::job::{Job, Kind, jobs};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Broker, Fault, Test, run, start};

pub const TESTS: &[Test] = &[
    ("one_broker_delivers_the_jobs_of_the_seed", one_broker_delivers_the_jobs_of_the_seed),
    ("many_empty_jobs_are_done_once_each", many_empty_jobs_are_done_once_each),
    ("jobs_that_are_not_begun_at_the_deadline_are_left", jobs_that_are_not_begun_at_the_deadline_are_left),
    ("a_signal_stops_the_service_and_the_summary_still_comes", a_signal_stops_the_service),
    ("a_signal_before_the_workers_start_leaves_all_jobs", a_signal_before_the_workers_start),
    ("nothing_is_left_when_the_demo_is_killed", nothing_is_left_when_the_demo_is_killed),
    ("workers_of_another_process_join_the_service", workers_of_another_process_join_the_service),
    ("two_services_of_one_name_are_refused", two_services_of_one_name_are_refused),
];

fn one_broker_delivers_the_jobs_of_the_seed() -> Fault {
    let ended = run("--jobs=8 --seed=1 --workers=4 --scale=0 --until-done --time=100")?;
    ended.has_status(0)?;
    let story = ended.story()?;
    story.completes_all()?;
    let seed = "1".parse().map_err(|_| "a seed")?;
    let expected: Vec<Job> = jobs(&seed, Kind::Cpu).take(8).collect();
    let done = story.records.iter().filter(|record| record.event.name() == "job_completed");
    let mut done: Vec<Job> = done.filter_map(|record| record.event.job().copied()).collect();
    done.sort_by_key(|job| job.number);
    if done == expected { Ok(()) } else { Err(format!("{done:?} instead of {expected:?}")) }
}

fn many_empty_jobs_are_done_once_each() -> Fault {
    let ended = run("--jobs=2000 --seed=2 --workers=3 --scale=0 --until-done --time=200 --ack-wait=60")?;
    ended.has_status(0)?;
    ended.story()?.completes_all()
}

fn jobs_that_are_not_begun_at_the_deadline_are_left() -> Fault {
    let ended = run("--jobs=100 --seed=3 --workers=2 --kind=io --time=1.5")?;
    ended.has_status(0)?;
    let summary = ended.story()?.summary;
    if summary.left > 90 && summary.lost == 0 { Ok(()) } else { Err(format!("{summary:?}")) }
}

fn a_signal_stops_the_service() -> Fault {
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let mut run = start("--jobs=100 --seed=4 --workers=2 --kind=io --time=1000")?;
        run.wait_for("starts job")?;
        kill(Pid::from_raw(run.pid()), signal).map_err(|error| error.to_string())?;
        let ended = run.end()?;
        ended.has_status(status)?;
        if !ended.stdout.contains("\nall workers  100 jobs: ") || !ended.stdout.contains(" left, 0 lost\n") {
            return Err(format!("after {signal}, the summary is missing or wrong: {}", ended.stdout));
        }
    }
    Ok(())
}

fn a_signal_before_the_workers_start() -> Fault {
    // Three brokers take seconds to elect a leader. If they were quicker this time, it's an ordinary stop.
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let run = start("--format=json --jobs=100 --seed=4 --workers=2 --kind=io --time=1000 --brokers=3")?;
        run.wait_for_process("nats-server")?;
        kill(Pid::from_raw(run.pid()), signal).map_err(|error| error.to_string())?;
        let ended = run.end()?;
        ended.has_status(status)?;
        let summary = ended.story()?.summary;
        if summary.left + summary.completed != 100 || summary.lost > 0 {
            return Err(format!("after {signal}: {summary:?}"));
        }
    }
    Ok(())
}

fn nothing_is_left_when_the_demo_is_killed() -> Fault {
    let mut run = start("--jobs=100 --seed=5 --workers=2 --kind=io --time=1000")?;
    run.wait_for("starts job")?;
    kill(Pid::from_raw(run.pid()), Signal::SIGKILL).map_err(|error| error.to_string())?;
    // This waits until the brokers, the workers, and the storage are gone.
    run.end().map(|_| ())
}

fn workers_of_another_process_join_the_service() -> Fault {
    let broker = Broker::start("", "")?;
    let servers = format!("--servers={}", broker.url);
    let worker = start(&format!("--role=work --workers=1 --time=200 {servers}"))?;
    let ended = run(&format!("--role=submit --jobs=50 --seed=6 --scale=0 --until-done --time=200 {servers}"))?;
    ended.has_status(0)?;
    ended.story()?.completes_all()?;
    worker.end()?.has_status(0)?;
    // The first of two workers might do all jobs before the second one has joined, so this run doesn't end by itself.
    let workers = start(&format!("--role=work --workers=2 --time=200 {servers}"))?;
    let mut service = start(&format!("--role=submit --jobs=50 --seed=6 --scale=0 --time=1000 {servers}"))?;
    service.wait_for("worker-2    started")?;
    kill(Pid::from_raw(service.pid()), Signal::SIGTERM).map_err(|error| error.to_string())?;
    service.end()?.has_status(143)?;
    workers.end()?.has_status(0)
}

fn two_services_of_one_name_are_refused() -> Fault {
    let broker = Broker::start("", "")?;
    let flags = format!("--role=submit --jobs=1 --scale=0 --time=1000 --servers={}", broker.url);
    let mut first = start(&flags)?;
    first.wait_for("starting")?;
    run(&flags)?.is_one_sentence("--name=chapter: a service of this name is running on")?;
    kill(Pid::from_raw(first.pid()), Signal::SIGTERM).map_err(|error| error.to_string())?;
    first.end()?.has_status(143)
}
