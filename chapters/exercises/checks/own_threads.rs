//! Checks `own_threads`: the promises of the book's services.

use std::io;

use chapters::job::Job;
use chapters::service::{OnStarted, Plan};
use chapters::trace::Trace;
use checks::{Check, Checks, service};

use super::own_threads::run;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("3 workers do 20 jobs, and stop when all are done.", || service::does_all_jobs(start))
        .or_hangs("When all jobs are done, the workers end, and the service has to notice that."),
    Check::new("The file doesn't use the book's own service.", is_own),
    Check::new("4 workers do 12 jobs that wait.", || service::runs_at_the_same_time(start)),
    Check::new("3 workers have no jobs, and the service is stopped.", || service::stops_idle_workers(start))
        .or_hangs("The stop function was called, and the workers or the service don't end."),
    Check::new("2 workers have many jobs, and the service is stopped.", || service::stops_busy_workers(start))
        .or_hangs("The stop function was called, and the workers or the service don't end."),
    Check::new("2 workers have many jobs, and 200 ms.", || service::stops_at_its_deadline(start))
        .or_hangs("The time is up, and the workers or the service don't end."),
    Check::new("A worker has no job for a second.", || service::reports_idle_workers(start)),
    Check::new("2 workers have no jobs.", || service::is_blocked_while_idle(start)),
]);

fn start(plan: Plan, jobs: Vec<Job>, trace: Trace, on_started: OnStarted<'_>) -> io::Result<u64> {
    run(plan, jobs, trace, on_started)
}

fn is_own() -> Result<(), String> {
    match checks::line_with("Service::new").or_else(|| checks::line_with("Service;")) {
        Some(place) => Err(format!("{place} uses the book's service. Write your own.")),
        None => Ok(()),
    }
}
