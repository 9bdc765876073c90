//! The threads' service with workers under a GIL, as CPython's threads are.
//!
//! The loop differs from [`Worker::work`] in the interpreter, which the worker enters before its first
//! job. There the worker waits for jobs and does them, and so it holds the lock whenever a thread of CPython's would.

use std::io;

use crossbeam::channel::RecvTimeoutError;

use super::Gil;
use super::interpreter::{Gils, Interpreter};
use crate::record::Event;
use crate::service::{IDLE_TIMEOUT, OnStarted, Outcome};
use crate::threads::service::{Service, Worker};

/// Runs `service`, with its workers under `gils`.
///
/// ```
/// use std::time::Duration;
///
/// use chapters::gil::SWITCH_INTERVAL;
/// use chapters::gil::interpreter::{GilMode, Gils};
/// use chapters::gil::worker;
/// use chapters::job::{Kind, jobs};
/// use chapters::service::Plan;
/// use chapters::{threads, trace};
///
/// # fn main() -> std::io::Result<()> {
/// let (trace, records) = trace::channel();
/// let plan = Plan { workers: 2, time: Duration::from_secs(60), scale: 0.001, until_done: true, echo_port: None };
/// let mut service = threads::Service::new(plan, trace);
/// service.add_jobs(jobs(&"1".parse().unwrap(), Kind::Cpu).take(4));
///
/// let mut kept = None; // dropping the handle would stop the service
/// let on_started = |stop| {
///     kept = Some(stop);
///     Ok(())
/// };
/// worker::run(service, Gils::new(GilMode::One, SWITCH_INTERVAL), Box::new(on_started))?;
/// assert!(records.rest().iter().any(|record| record.event.name() == "gil_acquired"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of [`Service::run`].
pub fn run(service: Service, gils: Gils, on_started: OnStarted) -> io::Result<Outcome> {
    service.run(on_started, move |worker| match gils.of_a_worker() {
        None => worker.work(),
        Some(gil) => work(worker, &gil),
    })
}

/// Works as a thread of CPython's would, and holds `gil` unless it waits.
fn work(mut worker: Worker, gil: &Gil) {
    let mut last = worker.trace.record(Event::WorkerStarted);
    let mut thread = gil.attach_watched(&worker.trace);
    let mut interpreter = Interpreter::enter(&mut thread);
    while worker.running.is_locked() {
        last = match interpreter.recv_deadline(&worker.queue, last + IDLE_TIMEOUT) {
            Ok(job) => {
                worker.trace.record(Event::JobStarted(job));
                let result = interpreter.run(&job, worker.scale, &mut worker.client);
                worker.trace.record(Event::ended(job, result))
            }
            Err(RecvTimeoutError::Timeout) => worker.trace.record(Event::NoWork),
            Err(RecvTimeoutError::Disconnected) => break,
        };
    }
    drop(interpreter);
    worker.trace.record(Event::WorkerFinished);
}
