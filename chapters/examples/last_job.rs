//! Two workers compete for one job, taking it in two steps or in one: `cargo run --example last_job`.

use std::sync::{Barrier, Mutex};
use std::thread;

fn main() {
    chapters::environment::prepare_example();
    report("in two steps", |jobs, between| take_in_two_steps(jobs, between));
    report("in one step", |jobs, _| take(jobs));
}

// ANCHOR: two_steps
/// Takes a job if there is one: checks first, and then takes it.
fn take_in_two_steps(jobs: &Mutex<Vec<u32>>, between: impl Fn()) -> Option<u32> {
    if jobs.lock().unwrap().is_empty() {
        return None;
    }
    between();
    Some(jobs.lock().unwrap().pop().expect("there was one a moment ago"))
}
// ANCHOR_END: two_steps

/// Takes a job if there is one.
fn take(jobs: &Mutex<Vec<u32>>) -> Option<u32> {
    jobs.lock().unwrap().pop()
}

/// Has two workers compete for one job, and prints the results. In `between`, they wait for each other.
fn report(how: &str, take: impl Fn(&Mutex<Vec<u32>>, &dyn Fn()) -> Option<u32> + Sync) {
    let (jobs, both) = (Mutex::new(vec![42]), Barrier::new(2));
    let work = || take(&jobs, &|| _ = both.wait());
    let ends = thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|worker| worker.join().ok()));
    let [took, found, panicked] =
        [Some(Some(42)), Some(None), None].map(|end| ends.iter().filter(|it| **it == end).count());
    let poisoned = if jobs.is_poisoned() { "poisoned" } else { "fine" };
    println!("{how}: {took} took the job, {found} found none, {panicked} panicked, and the mutex is {poisoned}");
}
