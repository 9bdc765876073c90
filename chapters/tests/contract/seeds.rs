//! Seeds: the same seed gives the same jobs, here and in CPython.

use std::fs;
use std::process::Command;

use chapters::job::{Kind, jobs};
use chapters::random::Seed;

use crate::common::{FOREVER, MODELS, THREADS, each, python};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cpython-sizes.tsv");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cpython_sizes.py");

#[test]
fn sizes_are_cpythons_bit_for_bit() {
    let table = fs::read_to_string(TABLE).expect("the table is there");
    let mut compared = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (seed, sizes) = line.split_once('\t').expect("a seed and its sizes");
        let seed: Seed = seed.parse().expect("a seed");
        for (job, size) in jobs(&seed, Kind::Cpu).zip(sizes.split('\t')) {
            let (repr, bits) = size.split_once(' ').expect("a size in both forms");
            let bits = u64::from_str_radix(bits, 16).expect("64 bits");
            assert_eq!(job.size.to_bits(), bits, "job {} of seed {seed}: {} here, {repr} there", job.number, job.size);
            assert_eq!(repr.parse(), Ok(job.size), "job {} of seed {seed}", job.number);
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} sizes were compared");
}

#[test]
fn the_table_is_what_cpython_computes() {
    let Some(interpreter) = python() else { return };
    let output = Command::new(&interpreter.path).arg(SCRIPT).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = fs::read_to_string(TABLE).expect("the table is there");
    assert!(output.stdout == table.as_bytes(), "to renew the table: python3 {SCRIPT} > {TABLE}");
}

#[test]
fn a_seed_of_any_length_is_printed_as_it_was_typed() {
    let long = format!("-{}", "9".repeat(400));
    each(&MODELS, |variant| {
        let flags = ["--seed", &long, "--jobs=3", "--scale=0", "--until-done", FOREVER];
        let story = variant.run(flags).finish().exits_with(0).story().complete();
        assert_eq!(story.summary.seed.to_string(), long);
        let run = variant.run_as_text(flags).finish().exits_with(0);
        assert!(run.lines.iter().any(|line| line.contains(&format!("--seed={long}"))), "{:#?}", run.lines);
    });
}

#[test]
fn a_seed_that_was_drawn_is_printed_and_repeats_the_run() {
    let run = |flags: &[&str]| {
        let run =
            THREADS.run(["--jobs=10", "--scale=0", "--until-done", FOREVER].into_iter().chain(flags.iter().copied()));
        let story = run.finish().exits_with(0).story().complete();
        let mut sizes: Vec<_> = story.all("job_started").filter_map(|it| it.event.job()).copied().collect();
        sizes.sort_by_key(|job| job.number);
        (story.summary.seed.to_string(), sizes)
    };
    let (seed, jobs) = run(&[]);
    assert_eq!(run(&[&format!("--seed={seed}")]).1, jobs);
    assert_ne!(run(&[]).1, jobs, "a new seed is drawn each time");
}
