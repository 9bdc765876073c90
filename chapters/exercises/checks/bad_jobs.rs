//! Checks `bad_jobs`.

use checks::{Check, Checks};
use std::panic;

use super::bad_jobs::{Job, run};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Two workers run 20 jobs, some of which panic.", check)]);

/// How many jobs there are. Every third one is bad, and so are the first ones.
const JOBS: u64 = 20;

fn is_bad(number: u64) -> bool {
    number < 4 || number.is_multiple_of(3)
}

fn check() -> Result<(), String> {
    // The panics are expected, so their messages aren't printed.
    panic::set_hook(Box::new(|_| ()));
    let job = |number| Box::new(move || if is_bad(number) { panic!("a bad job") } else { number }) as Job;
    let good: u64 = (0..JOBS).filter(|number| !is_bad(*number)).sum();
    let bad = (0..JOBS).filter(|number| is_bad(*number)).count();
    match run((0..JOBS).map(job).collect()) {
        (sum, _) if sum != good => Err(format!("the good jobs add up to {good}, and {sum} came of it")),
        (_, counted) if counted != bad => Err(format!("there are {bad} bad jobs, and {counted} were counted")),
        _ => Ok(()),
    }
}
