//! The fate of the jobs: each is done at most once, and all of them if there is time.

use std::time::Duration;

use crate::common::{ALL, FOREVER, each, often, scale, sooner_or_later};

#[test]
fn until_done_completes_every_job_and_exits_with_0() {
    let scale = scale(Duration::from_micros(50));
    each(&ALL, |variant| {
        for seed in 1..=often(3) {
            let (seed, scale) = (format!("--seed={seed}"), format!("--scale={scale}"));
            let run = variant.run(["--jobs=200", "--until-done", FOREVER, &seed, &scale]);
            run.finish().exits_with(0).story().complete();
        }
    });
}

#[test]
fn without_until_done_the_service_waits_out_its_time() {
    each(&ALL, |variant| {
        // On a busy machine, jobs may be left.
        sooner_or_later("all jobs are done before the time is up", || {
            let run = variant.run(["--jobs=50", "--scale=0", "--time=0.3"]);
            let story = run.finish().exits_with(0).story().stops_after(Duration::from_millis(300));
            story.summary.completed == 50
        });
    });
}

#[test]
fn no_jobs_are_done_at_once() {
    each(&ALL, |variant| {
        let run = variant.run(["--jobs=0", "--until-done", FOREVER]);
        let story = run.finish().exits_with(0).story().complete();
        assert_eq!(story.all("job_started").count(), 0);
    });
}

#[test]
fn one_worker_does_everything_in_the_order_of_the_queue() {
    each(&ALL, |variant| {
        let run = variant.run(["--jobs=100", "--workers=1", "--scale=0", "--until-done", FOREVER]);
        let story = run.finish().exits_with(0).story().complete();
        let numbers: Vec<u64> =
            story.all("job_started").filter_map(|it| it.event.job()).map(|job| job.number).collect();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn more_workers_than_jobs_share_what_there_is() {
    each(&ALL, |variant| {
        let run = variant.run(["--jobs=3", "--workers=12", "--scale=0", "--until-done", FOREVER]);
        let story = run.finish().exits_with(0).story().complete();
        assert_eq!(story.workers().count(), 12);
    });
}

#[test]
fn io_bound_jobs_overlap_even_on_one_thread() {
    overlap("--kind=io");
}

#[test]
fn network_jobs_overlap_even_on_one_thread() {
    overlap("--kind=net");
}

fn overlap(kind: &str) {
    each(&ALL, |variant| {
        // The shortest job waits 0.6 s, in which every worker can begin one, unless the machine is busy.
        sooner_or_later("every worker has a job at the same time", || {
            let run = variant.run(["--jobs=6", "--workers=6", kind, "--scale=1.2", "--until-done", FOREVER]);
            run.finish().exits_with(0).story().complete().most_at_once() == 6
        });
    });
}

#[test]
fn an_io_bound_job_waits_as_long_as_its_size() {
    waits("--kind=io");
}

#[test]
fn a_network_job_waits_as_long_as_its_size() {
    waits("--kind=net");
}

fn waits(kind: &str) {
    each(&ALL, |variant| {
        let run = variant.run(["--jobs=8", kind, "--scale=0.1", "--until-done", FOREVER]);
        let story = run.finish().exits_with(0).story().complete();
        for (id, mut records) in story.workers() {
            records.retain(|record| record.event.job().is_some());
            for pair in records.windows(2) {
                if pair[0].event.name() == "job_started" {
                    let job = pair[0].event.job().expect("a job");
                    let waited = (pair[1].at - pair[0].at).as_secs_f64() + 2e-6;
                    assert!(waited >= job.size * 0.1, "{id} was done with {job:?} after {waited} s");
                }
            }
        }
    });
}

#[test]
fn on_one_event_loop_a_cpu_bound_job_blocks_all_others() {
    let scale = format!("--scale={}", scale(Duration::from_millis(2)));
    let variant = &crate::common::CURRENT_THREAD;
    let story = variant.run(["--jobs=30", &scale, "--until-done", FOREVER]).finish().exits_with(0).story();
    assert_eq!(story.complete().most_at_once(), 1);
}

#[test]
fn cpu_bound_jobs_run_side_by_side_on_threads_processes_and_a_pool() {
    let scale = format!("--scale={}", scale(Duration::from_millis(25)));
    each(&crate::common::PARALLEL, |variant| {
        // Tokio's pool has a thread per core, and nothing else runs on a machine with one.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let most = if variant.model == "coroutines" { cores.min(2) as u64 } else { 2 };
        // On a busy machine, or one with a single core, one worker may be done before the other one begins.
        sooner_or_later("both workers have a job at the same time", || {
            let run = variant.run(["--jobs=6", "--workers=2", &scale, "--until-done", FOREVER]);
            let story = run.finish().exits_with(0).story().complete();
            assert!(story.most_at_once() <= most, "{:#?}", story.records);
            story.most_at_once() == most
        });
    });
}
