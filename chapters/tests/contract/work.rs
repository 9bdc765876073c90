//! CPU-bound work is real work: the optimizer neither shares nor drops it.
//!
//! These tests compare the CPU time of two pieces of work, so the speed of the machine doesn't matter. Other load can
//! only make one of them seem longer, so the shortest of several times counts. The processor may still change its speed
//! in between. Then the comparison is repeated.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use chapters::view::json;
use sha3::{Digest, Sha3_512};

use crate::common::{FOREVER, cpu_job, cpu_time, sooner_or_later};

/// How long one digest takes that depends on the digest before, so that the optimizer can't drop it, in seconds.
fn chained_digest() -> f64 {
    const COUNT: usize = 1000;
    let chain = || {
        let mut last = black_box(Sha3_512::digest(b""));
        (1..COUNT).for_each(|_| last = Sha3_512::digest(last));
        _ = black_box(last);
    };
    least((0..11).map(|_| cpu_time(chain).as_secs_f64())) / COUNT as f64
}

fn least(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.min_by(f64::total_cmp).expect("a number")
}

/// Whether work that should be twice as much takes about twice as long, given pairs of the times of both.
fn doubles(pairs: &[(f64, f64)]) -> bool {
    let ratio = least(pairs.iter().map(|(_, two)| *two)) / least(pairs.iter().map(|(one, _)| *one));
    (1.7..2.3).contains(&ratio)
}

#[test]
fn twice_the_size_is_twice_the_work() {
    let work = |size: f64| cpu_time(|| cpu_job(size).run(0.01)).as_secs_f64();
    sooner_or_later("twice the size takes twice as long", || {
        doubles(&(0..11).map(|_| (work(0.5), work(1.0))).collect::<Vec<_>>())
    });
}

#[test]
fn a_digest_costs_what_a_digest_costs() {
    let digests = cpu_job(1.0).digests(0.001);
    sooner_or_later("a digest of a job takes half as long as any other, or longer", || {
        let job = least((0..11).map(|_| cpu_time(|| cpu_job(1.0).run(0.001)).as_secs_f64()));
        job / digests as f64 > chained_digest() / 2.0
    });
}

#[test]
#[ignore = "long: run by .ci/run"]
fn twice_the_size_is_twice_the_work_after_link_time_optimization() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lto");
    let build = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package=chapters", "--bin=chapter-threads"])
        .args(["--config", "profile.release.lto=\"fat\"", "--config", "profile.release.codegen-units=1"])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    let seconds = |scale: &str| {
        let output = Command::new(target.join("release/chapter-threads"))
            .args(["--jobs=4", "--workers=1", "--seed=1", "--until-done", FOREVER, "--quiet", "--format=json", scale])
            .output()
            .expect("the program runs");
        let records = json::read(&String::from_utf8(output.stdout).expect("UTF-8")).expect("records");
        let chapters::record::Event::ServiceStopped(summary) = &records[0].event else { panic!("{records:?}") };
        assert_eq!(summary.completed, 4);
        summary.cpu_seconds
    };
    let digests: u64 = (0..4)
        .map(|number| {
            let list = chapters::job::jobs(&chapters::random::Seed::from(1), chapters::job::Kind::Cpu);
            list.take(4).nth(number).expect("four jobs").digests(0.2)
        })
        .sum();
    sooner_or_later("twice the scale takes twice as long, and no digest is dropped", || {
        let pairs: Vec<(f64, f64)> = (0..9).map(|_| (seconds("--scale=0.1"), seconds("--scale=0.2"))).collect();
        let cost = least(pairs.iter().map(|(_, two)| two / digests as f64));
        doubles(&pairs) && cost > chained_digest() / 2.0
    });
}
