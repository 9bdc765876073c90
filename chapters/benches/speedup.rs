//! What a reader notices: two workers instead of one, how soon idle workers end, what a digest costs, how much memory ten
//! thousand coroutines take.
//!
//! Run it with `cargo bench -p chapters --bench speedup [PART]`; a part is `workers`, `idle`, `digest` or `memory`.

mod common;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use chapters::job::{Kind, jobs};
use chapters::random::Seed;
use common::{COROUTINES, PROCESSES, Sample, THREADS, Target, demo, judge, python, summary};

fn main() {
    let wanted: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let parts: [(&str, fn()); 4] =
        [("workers", two_workers), ("idle", idle_workers), ("digest", digests), ("memory", memory)];
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|argument| argument == name) {
            part();
        }
    }
}

fn two_workers() {
    println!("2 workers instead of 1\n");
    let same = ["--jobs=400", "--seed=1", "--scale=0.005", "--until-done", "--time=600", "--quiet"];
    let twice = Target::AtLeast(1.9);
    // Under one lock, a second worker is no help and next to no harm.
    let once = Target::Within(0.97, 1.01);
    let rows = [
        ("threads", THREADS, "--gil=none", twice),
        ("threads under one lock", THREADS, "--gil=one", once),
        ("threads under a lock each", THREADS, "--gil=per-worker", twice),
        ("processes", PROCESSES, "--method=fork", twice),
    ];
    for (model, program, flag, target) in rows {
        let [mut one, mut two, mut ratio] = [(); 3].map(|()| Sample::default());
        for _ in 0..11 {
            let seconds = |workers| summary(&demo(program, &[&same[..], &[workers, flag]].concat())).wall_seconds;
            let (alone, both) = (seconds("--workers=1"), seconds("--workers=2"));
            one.add(alone);
            two.add(both);
            ratio.add(alone / both);
        }
        println!("{model}");
        one.print("1 worker", "s", 1.0);
        two.print("2 workers", "s", 1.0);
        ratio.print("as fast", "x", 1.0);
        judge("as fast, at the median", ratio.median(), "x", target);
        println!();
    }
}

fn idle_workers() {
    println!("from the deadline to the last idle worker's end\n");
    let variants = [
        ("threads", THREADS, None),
        ("processes, fork", PROCESSES, Some("--method=fork")),
        ("processes, spawn", PROCESSES, Some("--method=spawn")),
        ("processes, forkserver", PROCESSES, Some("--method=forkserver")),
        ("coroutines", COROUTINES, None),
        ("coroutines, pool", COROUTINES, Some("--runtime=multi-thread")),
    ];
    for (name, program, flag) in variants {
        let mut late = Sample::default();
        for _ in 0..15 {
            let records = demo(program, &[&["--jobs=0", "--time=0.2"][..], flag.as_slice()].concat());
            let ends = records.iter().filter(|record| record.event.name() == "worker_finished");
            let last = ends.map(|record| record.at.as_secs_f64()).fold(0.0, f64::max);
            late.add(last - 0.2);
        }
        late.print(name, "ms", 1e3);
        judge("", late.median() * 1e3, "ms", Target::AtMost(10.0));
    }
    println!();
}

fn digests() {
    println!("one digest\n");
    let [mut dev, mut release, mut peer] = [(); 3].map(|()| Sample::default());
    let flags = ["--jobs=1", "--seed=1", "--workers=1", "--until-done", "--time=600", "--quiet"];
    let digests = jobs(&Seed::from(1), Kind::Cpu).map(|job| job.digests(1.0)).next().expect("one job") as f64;
    let unoptimized = as_the_reader_builds_it();
    let unoptimized = unoptimized.to_str().expect("a path in UTF-8");
    for _ in 0..7 {
        release.add(summary(&demo(THREADS, &flags)).cpu_seconds / digests);
        dev.add(summary(&demo(unoptimized, &flags)).cpu_seconds / digests);
        if let Some(seconds) = python("digest.py", &["200000"]) {
            peer.add(seconds / 200_000.0);
        }
    }
    release.print("release", "ns", 1e9);
    dev.print("dev, as `cargo run` builds it", "ns", 1e9);
    peer.print("CPython's hashlib", "ns", 1e9);
    if !peer.is_empty() {
        judge("dev, divided by CPython's", dev.median() / peer.median(), "x", Target::AtMost(1.0));
    }
    println!();
}

/// Builds `chapter-threads` in the dev profile, and gives its path.
///
/// It is not run by `cargo run`: on Unix the program then replaces cargo, and inherits what cargo used of the processor.
fn as_the_reader_builds_it() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package=chapters", "--bin=chapter-threads"]);
    let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
    assert!(status.success(), "cargo build: {status}");
    let target = Path::new(THREADS).ancestors().nth(2).expect("a program in a profile's folder");
    target.join("debug").join("chapter-threads").with_extension(env::consts::EXE_EXTENSION)
}

fn memory() {
    println!("10,000 coroutine workers, peak memory\n");
    let [mut ours, mut peer] = [(); 2].map(|()| Sample::default());
    for _ in 0..3 {
        let flags = ["--workers=10000", "--jobs=0", "--time=0.5", "--quiet"];
        ours.add(summary(&demo(COROUTINES, &flags)).peak_rss_bytes as f64);
        if let Some(bytes) = python("memory.py", &["10000"]) {
            peer.add(bytes);
        }
    }
    ours.print("the service", "MB", 1e-6);
    peer.print("CPython", "MB", 1e-6);
    if !peer.is_empty() {
        judge("divided by CPython's", ours.median() / peer.median(), "x", Target::AtMost(0.5));
    }
}
