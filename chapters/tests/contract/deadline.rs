//! How a service ends when its time is up.

use std::time::Duration;

use crate::common::story::Story;
use crate::common::{ALL, CURRENT_THREAD, PARALLEL, PROCESSES, each, scale, sooner_or_later};

const TIME: Duration = Duration::from_millis(200);

/// The worker checks the run lock and then takes a job, and the service may stop between the two steps. So each worker
/// may begin one job after the service stopped.
fn hardly_a_job_starts_after_stopping(story: &Story) {
    let stopping = story.stopping();
    for (id, records) in story.workers() {
        let late = records.iter().filter(|record| record.event.name() == "job_started" && record.at > stopping);
        let late: Vec<_> = late.collect();
        assert!(late.len() <= 1, "{id} began more than one job after {stopping:?}: {late:#?}");
    }
}

#[test]
fn busy_workers_finish_their_cpu_bound_jobs_and_begin_no_others() {
    let scale = format!("--scale={}", scale(Duration::from_millis(20)));
    for variants in PARALLEL.chunks(2) {
        each(variants, |variant| {
            let run = variant.run(["--jobs=5000", "--workers=2", "--time=0.2", &scale]);
            let story = run.finish().exits_with(0).story().stops_after(TIME);
            assert!(story.summary.left > 0 && story.summary.lost == 0, "{:?}", story.summary);
            hardly_a_job_starts_after_stopping(&story);
        });
    }
}

#[test]
fn busy_workers_finish_their_waits_and_requests_and_begin_no_others() {
    each(&ALL, |variant| {
        for kind in ["--kind=io", "--kind=net"] {
            // On a busy machine, the time may be up before a worker has begun a job.
            sooner_or_later("jobs are completed and others are left", || {
                let run = variant.run(["--jobs=1000", kind, "--scale=0.2", "--time=0.2"]);
                let story = run.finish().exits_with(0).story().stops_after(TIME);
                assert_eq!(story.summary.lost, 0);
                hardly_a_job_starts_after_stopping(&story);
                story.summary.completed > 0 && story.summary.left > 0
            });
        }
    });
}

#[test]
fn on_one_event_loop_each_worker_begins_at_most_one_job_after_the_deadline() {
    let scale = format!("--scale={}", scale(Duration::from_millis(40)));
    // The records' clock starts before the time of the service does, so on a busy machine more jobs may begin in between.
    sooner_or_later("each worker begins at most one job between the deadline and the stop", || {
        let story = CURRENT_THREAD.run(["--jobs=5000", "--time=0.2", &scale]).finish().exits_with(0).story();
        let stopping = story.stopping();
        assert!(story.all("job_started").all(|record| record.at <= stopping), "a job began after {stopping:?}");
        assert!(story.all("job_completed").all(|record| record.at <= stopping), "a job was under way at {stopping:?}");
        let story = story.stops_after(TIME);
        let late = story.all("job_started").filter(|record| record.at > TIME).count();
        late <= 4 && story.summary.left > 0
    });
}

#[test]
fn idle_workers_end_with_the_service_and_not_after_their_timeout() {
    each(&ALL, |variant| {
        sooner_or_later("no worker waits until its timeout", || {
            let story = variant.run(["--jobs=0", "--time=0.2"]).finish().exits_with(0).story().stops_after(TIME);
            let stopping = story.stopping();
            for end in story.all("worker_finished") {
                assert!(end.at >= stopping, "stopping at {stopping:?}, {end:?}");
            }
            !story.has_late_timeouts()
        });
    });
}

#[test]
fn idle_workers_say_each_second_that_there_is_no_work() {
    each(&ALL, |variant| {
        // How many records there are depends on when the worker had the processor. How far apart they are doesn't.
        sooner_or_later("every worker reports that there is no work", || {
            let story = variant.run(["--jobs=0", "--time=3.5"]).finish().exits_with(0).story();
            story.workers().all(|(id, records)| {
                let began = records[0].at;
                let idle: Vec<_> = records.iter().filter(|record| record.event.name() == "no_work").collect();
                let mut last = began;
                for record in &idle {
                    assert!(record.at >= last + Duration::from_secs(1), "{id} was impatient: {records:#?}");
                    last = record.at;
                }
                !idle.is_empty()
            })
        });
    });
}

#[test]
fn no_time_at_all_still_makes_a_whole_run() {
    each(&ALL, |variant| {
        let story = variant.run(["--jobs=100", "--scale=0", "--time=0"]).finish().exits_with(0).story();
        assert_eq!(story.summary.lost, 0);
    });
}

#[test]
fn a_hundred_thousand_remaining_jobs_do_not_delay_the_end() {
    each(&PROCESSES, |variant| {
        let flags = ["--jobs=100000", "--kind=io", "--scale=0.01", "--time=0.2"];
        let story = variant.run(flags).finish().exits_with(0).story().stops_after(TIME);
        assert!(story.summary.left > 0, "{:?}", story.summary);
    });
}
