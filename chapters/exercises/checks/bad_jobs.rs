//! Checks `bad_jobs`.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread;

use checks::{Check, Checks};

use super::bad_jobs::{Job, run};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Two workers run 20 jobs, some of which panic.", check)]);

/// How many jobs there are. Every third one is bad, and so are the first ones.
const JOBS: u64 = 20;

fn is_bad(number: u64) -> bool {
    number < 4 || number.is_multiple_of(3)
}

fn check() -> Result<(), String> {
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let job = |number| {
        let threads = Arc::clone(&threads);
        Box::new(move || {
            threads.lock().expect("no job panics here").insert(thread::current().id());
            if is_bad(number) {
                checks::expect_panic();
                panic!("a bad job");
            }
            number
        }) as Job
    };
    let good: u64 = (0..JOBS).filter(|number| !is_bad(*number)).sum();
    let bad = (0..JOBS).filter(|number| is_bad(*number)).count();
    let (sum, counted) = run((0..JOBS).map(job).collect());
    let threads = threads.lock().expect("no job panics here").clone();
    if sum != good {
        return Err(format!("The good jobs add up to {good}, and the result is {sum}."));
    }
    if counted != bad {
        return Err(format!("The number of bad jobs is {bad}, and `run` says that it's {counted}."));
    }
    if threads.contains(&thread::current().id()) {
        return Err("A job ran on the thread that called `run`, and not on one of the two workers.".to_owned());
    }
    match threads.len() {
        0..=2 => Ok(()),
        count => Err(format!("The jobs ran on {count} threads, and only two may be started.")),
    }
}
