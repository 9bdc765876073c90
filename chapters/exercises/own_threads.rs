//! Build this book's service with threads, starting from an empty file.
//!
//! - `run` records `ServiceStarting`, starts `plan.workers` workers, and calls `on_started` once, with a function that stops the
//!   service.
//! - A worker records `WorkerStarted`. It takes jobs from a queue, and records `JobStarted` and `JobCompleted` around each. When
//!   it has waited for a second (`IDLE_TIMEOUT`), it records `NoWork` and waits again. Its last record is `WorkerFinished`.
//! - The service stops when its stop function is called, when `plan.time` is over, or, if `plan.until_done` is true, when all
//!   jobs are done. It records `ServiceStopping`. Idle workers end at once, and busy ones finish their job first.
//! - When all workers have ended, `run` returns how many jobs are left.
//!
//! `Plan`, `Job`, `Trace`, and `Event` are the book's, and the checks test what the book promises. Don't use its `Service`.

use std::io;

use chapters::job::Job;
use chapters::service::{OnStarted, Plan};
use chapters::trace::Trace;

/// Runs the service, and returns how many jobs are left.
pub fn run(plan: Plan, jobs: Vec<Job>, trace: Trace, on_started: OnStarted<'_>) -> io::Result<u64> {
    _ = (plan, jobs, trace, on_started);
    todo!()
}
