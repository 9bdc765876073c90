//! CPU-bound work is real work: the optimizer neither shares nor drops it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chapters::view::json;

use crate::common::{cpu_job, cpu_time};

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

#[test]
fn twice_the_size_is_twice_the_work() {
    // CPU time rather than elapsed time, so that other load on the machine doesn't matter.
    let scale = 0.01;
    let work = |size: f64| cpu_time(|| cpu_job(size).run(scale)).as_secs_f64();
    work(0.5);
    let pairs: Vec<(f64, f64)> = (0..21).map(|_| (work(0.5), work(1.0))).collect();
    let ratio = median(pairs.iter().map(|(one, two)| two / one).collect());
    assert!((1.7..2.3).contains(&ratio), "twice the size took {ratio} times as long: {pairs:?}");
}

#[test]
fn a_digest_costs_what_a_digest_costs() {
    let digests = cpu_job(1.0).digests(0.001);
    let cost = median((0..7).map(|_| cpu_time(|| cpu_job(1.0).run(0.001)).as_secs_f64() / digests as f64).collect());
    // Every processor needs longer than this for the 24 rounds of Keccak.
    assert!(cost > 100e-9, "a digest took {:?}", Duration::from_secs_f64(cost));
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
            .args([
                "--jobs=4",
                "--workers=1",
                "--seed=1",
                "--until-done",
                "--time=60",
                "--quiet",
                "--format=json",
                scale,
            ])
            .output()
            .expect("the program runs");
        let records = json::read(&String::from_utf8(output.stdout).expect("UTF-8")).expect("records");
        let chapters::record::Event::ServiceStopped(summary) = &records[0].event else { panic!("{records:?}") };
        assert_eq!(summary.completed, 4);
        summary.cpu_seconds
    };
    seconds("--scale=0.05");
    let pairs: Vec<(f64, f64)> = (0..9).map(|_| (seconds("--scale=0.1"), seconds("--scale=0.2"))).collect();
    let ratio = median(pairs.iter().map(|(one, two)| two / one).collect());
    assert!((1.7..2.3).contains(&ratio), "twice the scale took {ratio} times as long: {pairs:?}");
    let digests: u64 = (0..4)
        .map(|number| {
            let list = chapters::job::jobs(&chapters::random::Seed::from(1), chapters::job::Kind::Cpu);
            list.take(4).nth(number).expect("four jobs").digests(0.2)
        })
        .sum();
    let cost = median(pairs.iter().map(|(_, two)| two / digests as f64).collect());
    assert!(cost > 100e-9, "a digest took {:?}", Duration::from_secs_f64(cost));
}
