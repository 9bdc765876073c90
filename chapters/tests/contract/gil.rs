//! The interpreter lock under the threads: who holds it, by the records.

use std::time::Duration;

use chapters::record::{Event, Record};

use crate::common::{FOREVER, LOCK_PER_WORKER, ONE_LOCK, THREADS, Variant, each, scale, sooner_or_later};

/// The most workers that held a lock at once. Records come in the order in which things happened.
fn most_holders(records: &[Record]) -> i64 {
    let holders = records.iter().scan(0, |holders, record| {
        *holders += match record.event {
            Event::GilAcquired => 1,
            Event::GilReleased => -1,
            _ => 0,
        };
        Some(*holders)
    });
    holders.max().unwrap_or(0)
}

/// The records of three workers that have plenty to compute.
fn busy(variant: &Variant, flags: &[&str]) -> Vec<Record> {
    let scale = format!("--scale={}", scale(Duration::from_millis(8)));
    let same = ["--jobs=12", "--workers=3", "--until-done", FOREVER, &scale];
    let run = variant.run(same.into_iter().chain(flags.iter().copied()));
    run.finish().exits_with(0).story().complete().records
}

#[test]
fn under_one_lock_no_two_holds_overlap() {
    for interval in ["--switch-interval=0.005", "--switch-interval=0.0005", "--switch-interval=1e-6"] {
        let records = busy(&ONE_LOCK, &[interval]);
        assert_eq!(most_holders(&records), 1, "{interval}: {records:#?}");
    }
}

#[test]
fn with_a_lock_for_each_worker_holds_overlap() {
    // With three workers on any number of cores: a worker holds its lock also while another one has the core.
    // How the system schedules them is chance.
    sooner_or_later("two holds overlap", || most_holders(&busy(&LOCK_PER_WORKER, &[])) >= 2);
}

#[test]
fn without_a_lock_no_worker_holds_one() {
    assert_eq!(most_holders(&busy(&THREADS, &[])), 0);
    assert_eq!(most_holders(&busy(&THREADS, &["--gil=none"])), 0);
}

#[test]
fn jobs_begin_and_end_under_the_lock() {
    each(&[&ONE_LOCK, &LOCK_PER_WORKER], |variant| {
        for kind in ["--kind=cpu", "--kind=io"] {
            let run = variant.run(["--jobs=60", "--workers=3", "--scale=0.001", "--until-done", FOREVER, kind]);
            let story = run.finish().exits_with(0).story().complete();
            for (id, records) in story.workers() {
                let mut held = false;
                for record in records {
                    match record.event {
                        Event::GilAcquired => held = true,
                        Event::GilReleased => held = false,
                        Event::JobStarted(_) | Event::JobCompleted(_) => assert!(held, "{id} at {record:?}"),
                        _ => {}
                    }
                }
            }
        }
    });
}

#[test]
fn a_worker_that_waits_for_a_job_releases_the_lock() {
    // On a busy machine, a worker may begin after the service has stopped, or wait until its timeout.
    sooner_or_later("every worker takes the lock, waits without it, and takes it to end", || {
        let run = ONE_LOCK.run(["--jobs=0", "--workers=3", "--time=0.3"]);
        let story = run.finish().exits_with(0).story().complete();
        let held = ["gil_acquired", "gil_released"];
        let expected = [&["worker_started"][..], &held, &held, &["worker_finished"]].concat();
        story
            .workers()
            .all(|(_, records)| records.iter().map(|record| record.event.name()).eq(expected.iter().copied()))
    });
}

#[test]
fn workers_with_empty_jobs_switch_too() {
    // Empty jobs pass no checkpoint; the loop around them does.
    let flags = ["--jobs=200000", "--workers=2", "--scale=0", "--switch-interval=1e-6", "--quiet"];
    // On a busy machine, one worker may have done all of it before the other one has begun.
    sooner_or_later("both workers have a turn", || {
        let run = ONE_LOCK.run(flags.into_iter().chain(["--until-done", FOREVER]));
        run.finish().exits_with(0).story().complete().summary.workers.iter().all(|worker| worker.completed > 0)
    });
}
