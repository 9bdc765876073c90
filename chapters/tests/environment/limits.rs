//! Limits: of descriptors, processes, file size, address space and stack.

use chapters::random::{Random, Seed};
use nix::sys::resource::Resource;
use nix::unistd::{Uid, getuid};
use rand::RngExt;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};

use super::common::{Inherited, Run};
use super::{copes, each_program_and_example, programs, run};

/// How many descriptors a program may have: too few for anything, up to enough for all.
const DESCRIPTORS: RangeInclusive<u64> = 3..=40;
/// How many processes a user may have.
const PROCESSES: RangeInclusive<u64> = 1..=10;
/// The users for the runs of programs: within the 65,536 that a container may have, and above the accounts of a distribution.
const USERS: RangeInclusive<u32> = 20_000..=59_999;

/// A user for one run. A limit counts all processes of a user, even those that are still ending, so two runs as the same
/// user would disturb each other. At the limit, even the start of a program fails with `EAGAIN`.
fn another_user() -> Inherited {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    // Two runs of these tests at a time begin at different users.
    let run = std::process::id().wrapping_mul(97).wrapping_add(RUNS.fetch_add(1, Ordering::Relaxed));
    Inherited::User(USERS.start() + run % (USERS.end() - USERS.start() + 1))
}

/// Runs every program and every example with each of these limits on descriptors.
fn with_descriptors(limits: impl Fn() -> Vec<u64> + Sync) {
    each_program_and_example(|program, arguments| {
        for limit in limits() {
            let run = run(program, arguments).inheriting(Inherited::Limit(Resource::RLIMIT_NOFILE, limit)).finish();
            // With three, the system's loader can't open the program's libraries, and prints that itself.
            if run.status != 127 || !run.stderr.contains("error while loading shared libraries") {
                copes(&run, &format!("{limit} descriptors"));
            }
        }
    });
}

/// Runs every program and every example as a user with each of these limits on processes and threads.
fn with_processes(limits: impl Fn() -> Vec<u64> + Sync) {
    if getuid() != Uid::from_raw(0) {
        println!("skipped: only the administrator can become a user who has no other processes");
        return;
    }
    each_program_and_example(|program, arguments| {
        for limit in limits() {
            let run = run(program, arguments).inheriting(Inherited::Limit(Resource::RLIMIT_NPROC, limit));
            copes(&run.inheriting(another_user()).finish(), &format!("{limit} processes"));
        }
    });
}

fn some_of(range: RangeInclusive<u64>) -> Vec<u64> {
    let mut random = Random::new(&Seed::fresh());
    (0..2).map(|_| random.random_range(range.clone())).collect()
}

#[test]
fn a_program_copes_with_few_descriptors() {
    // The larger ones are enough for all.
    with_descriptors(|| some_of(4..=16));
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_program_copes_with_any_number_of_descriptors() {
    with_descriptors(|| DESCRIPTORS.collect());
}

#[test]
fn a_program_copes_with_few_processes() {
    with_processes(|| some_of(PROCESSES));
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_program_copes_with_any_number_of_processes() {
    with_processes(|| PROCESSES.collect());
}

#[test]
fn a_program_copes_with_small_files_and_stacks() {
    let limit = |run: Run, (resource, limit)| run.inheriting(Inherited::Limit(resource, limit));
    for (program, arguments) in programs() {
        // Standard output is a pipe here, whose size isn't limited.
        for limits in [
            &[(Resource::RLIMIT_FSIZE, 0)][..],
            &[(Resource::RLIMIT_FSIZE, 100_000), (Resource::RLIMIT_STACK, 256 * 1024), (Resource::RLIMIT_CORE, 0)],
        ] {
            let run = limits.iter().copied().fold(run(program, &arguments), limit);
            copes(&run.finish(), &format!("{limits:?}"));
        }
    }
}
