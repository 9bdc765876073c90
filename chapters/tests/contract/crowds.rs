//! Many workers start, and end cleanly.

use crate::common::story::Story;
use crate::common::{CURRENT_THREAD, MULTI_THREAD, PROCESSES, THREADS, Variant};

fn crowd(variant: &Variant, workers: usize) -> Story {
    let flag = format!("--workers={workers}");
    let run = variant.run([&flag[..], "--jobs=5000", "--scale=0", "--until-done", "--time=60"]);
    let story = run.finish().exits_with(0).story().complete();
    assert_eq!(story.workers().count(), workers);
    story
}

#[test]
fn a_thousand_threads() {
    crowd(&THREADS, 1000);
}

#[test]
fn ten_thousand_coroutines() {
    crowd(&CURRENT_THREAD, 10_000);
    crowd(&MULTI_THREAD, 10_000);
}

#[test]
fn fifty_processes() {
    processes(50);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn two_hundred_processes() {
    processes(200);
}

fn processes(workers: usize) {
    for variant in PROCESSES {
        crowd(variant, workers);
    }
}

#[test]
fn a_crowd_that_has_nothing_to_do_ends_with_the_service() {
    for (variant, workers) in [(&THREADS, "--workers=1000"), (&CURRENT_THREAD, "--workers=10000")] {
        let story = variant.run([workers, "--jobs=0", "--time=0.5"]).finish().exits_with(0).story();
        let stopping = story.stopping();
        let limit = stopping + std::time::Duration::from_secs(1);
        assert!(story.all("worker_finished").all(|end| end.at < limit), "stopped at {stopping:?}");
    }
}
