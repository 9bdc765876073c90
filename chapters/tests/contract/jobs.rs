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
fn any_number_of_workers_does_any_number_of_jobs() {
    each(&ALL, |variant| {
        for (jobs, workers) in [(0, 4), (3, 12), (100, 1)] {
            let flags = [format!("--jobs={jobs}"), format!("--workers={workers}")];
            let flags = flags.iter().map(String::as_str).chain(["--scale=0", "--until-done", FOREVER]);
            let story = variant.run(flags).finish().exits_with(0).story().complete();
            assert_eq!(story.workers().count(), workers);
            let begun = story.all("job_started").filter_map(|it| it.event.job()).map(|job| job.number);
            // One worker takes them in the order of the queue.
            assert!(workers > 1 || begun.eq(0..jobs), "{:#?}", story.records);
        }
    });
}

#[test]
fn waits_and_requests_overlap_even_on_one_thread() {
    each(&ALL, |variant| {
        for kind in ["--kind=io", "--kind=net"] {
            // The shortest job waits 0.6 s, in which every worker can begin one, unless the machine is busy.
            sooner_or_later("every worker has a job at the same time", || {
                let run = variant.run(["--jobs=6", "--workers=6", kind, "--scale=1.2", "--until-done", FOREVER]);
                run.finish().exits_with(0).story().complete().most_at_once() == 6
            });
        }
    });
}

#[test]
fn a_wait_and_a_request_take_as_long_as_the_size_of_the_job() {
    each(&ALL, |variant| {
        for kind in ["--kind=io", "--kind=net"] {
            let run = variant.run(["--jobs=8", kind, "--scale=0.1", "--until-done", FOREVER]);
            let story = run.finish().exits_with(0).story().complete();
            for job in story.all("job_completed").filter_map(|record| record.event.job()) {
                let waited = story.time_of(job) + 2e-6;
                assert!(waited >= job.size * 0.1, "{job:?} was done after {waited} s: {:#?}", story.records);
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
