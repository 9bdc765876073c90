//! Uses the book's service.
//! Refused: uses the book's service

use std::io;

use chapters::job::Job;
use chapters::service::{OnStarted, Plan};
use chapters::trace::Trace;

/// Runs the service, and returns how many jobs are left.
pub fn run(plan: Plan, jobs: Vec<Job>, trace: Trace, on_started: OnStarted<'_>) -> io::Result<u64> {
    let mut service = chapters::threads::Service::new(plan, trace);
    service.add_jobs(jobs);
    Ok(service.run(on_started, chapters::threads::service::Worker::work)?.left)
}
