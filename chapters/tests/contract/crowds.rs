//! Many workers start, and end cleanly.

use std::fs;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::common::proc;
use crate::common::story::Story;
use crate::common::{CURRENT_THREAD, FOREVER, MULTI_THREAD, PROCESSES, THREADS, Variant, each, sooner_or_later};

fn crowd(variant: &Variant, workers: usize) -> Story {
    let flags = [format!("--workers={workers}"), format!("--jobs={}", 2 * workers)];
    let flags = flags.iter().map(String::as_str).chain(["--scale=0", "--until-done", FOREVER]);
    let run = variant.run(flags);
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
    each(&[&THREADS, &CURRENT_THREAD], |variant| {
        let workers = if variant.name == THREADS.name { "--workers=1000" } else { "--workers=10000" };
        sooner_or_later("no worker waits until its timeout", || {
            let story = variant.run([workers, "--jobs=0", "--time=0.5"]).finish().exits_with(0).story();
            !story.has_late_timeouts()
        });
    });
}

#[test]
fn what_processes_weigh_is_what_the_system_says() {
    each(&PROCESSES, |variant| {
        let mut run = variant.run(["--workers=5", "--jobs=0", FOREVER]).start();
        for _ in 0..5 {
            run.wait_for("worker_started", |event| event.name() == "worker_started");
        }
        let workers = proc::tree(run.pid()).into_iter().filter(|process| process.name.starts_with("worker-"));
        let all: u64 = workers.map(|worker| worker.pid).chain([run.pid()]).map(peak).sum();
        run.signal(Signal::SIGINT);
        let said = run.finish().exits_with(130).story().summary.peak_rss_bytes;
        assert!(said.abs_diff(all) < all / 4, "{}: {said} bytes, and {all} by /proc", variant.name);
    });
}

fn peak(process: Pid) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it has a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}
