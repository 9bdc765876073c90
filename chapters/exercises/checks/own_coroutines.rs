//! Checks `own_coroutines`: the promises of the book's services.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use chapters::job::{Job, Kind};
use chapters::service::{OnStarted, Plan};
use chapters::trace::{self, Trace};
use checks::{Check, Checks, service, threads};

use super::own_coroutines::run;

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
    Check::new("3 workers do 30 jobs that compute.", || service::shares_the_jobs(start)),
    Check::new("Another coroutine runs beside 2 workers, whose jobs wait.", goes_on),
]);

fn start(plan: Plan, jobs: Vec<Job>, trace: Trace, on_started: OnStarted<'_>) -> io::Result<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(run(plan, jobs, trace, on_started))
}

fn is_own() -> Result<(), String> {
    match checks::line_with("Service::new").or_else(|| checks::line_with("Service;")) {
        Some(place) => Err(format!("{place} uses the book's service. Write your own.")),
        None => Ok(()),
    }
}

/// Another coroutine goes on while jobs wait, and no thread is started.
fn goes_on() -> Result<(), String> {
    let cannot = |error: io::Error| error.to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(cannot)?;
    let before = threads::count_settled();
    let seen = Arc::new([const { AtomicUsize::new(0) }; 2]);
    let (trace, _records) = trace::channel();
    let plan = Plan { workers: 2, time: Duration::from_secs(3600), scale: 0.3, until_done: true, echo_port: None };
    let jobs = (0..2).map(|number| Job { number, kind: Kind::Io, size: 1.0 }).collect();
    let counted = Arc::clone(&seen);
    let left = runtime.block_on(async move {
        tokio::spawn(async move {
            loop {
                counted[0].fetch_add(1, Relaxed);
                counted[1].fetch_max(threads::count(), Relaxed);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let mut kept = None;
        let keep = |stop| {
            kept = Some(stop);
            Ok(())
        };
        run(plan, jobs, trace, Box::new(keep)).await
    });
    left.map_err(cannot)?;
    let [turns, threads] = [seen[0].load(Relaxed), seen[1].load(Relaxed)];
    if threads > before {
        return Err(format!("The coroutines need one thread, and there are {threads} threads instead of {before}."));
    }
    match turns {
        0..4 => {
            Err(format!("Jobs waited for 0.3 s, and a coroutine beside them ran {turns} times instead of about 60."))
        }
        _ => Ok(()),
    }
}
