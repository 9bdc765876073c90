//! The contract of a service, for one that a reader wrote as well as for the book's.
//!
//! A service gets a plan, jobs, and a trace for its records. It calls `on_started` with a function that stops it, and returns
//! how many jobs are left when all workers have ended. The checks read the records, so they don't depend on how fast a
//! machine is.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use chapters::job::{Job, Kind};
use chapters::record::{Event, Record, WorkerId};
use chapters::service::{OnStarted, Plan, StopHandle};
use chapters::trace::{self, Trace};

use crate::threads::{self, Looks, Thread};

/// A service: returns how many jobs are left.
pub type Service = fn(Plan, Vec<Job>, Trace, OnStarted<'_>) -> io::Result<u64>;

/// A time that no run reaches.
const LONG: Duration = Duration::from_secs(3600);

/// How long the collector pauses before it collects the records again.
const PAUSE: Duration = Duration::from_millis(10);

/// For how many of the collector's looks the threads of an idle service may be blocked before a worker has to have recorded that
/// it waits: twice as many as there are in a second, at most. A worker whose second is over isn't blocked, even if the machine
/// is busy.
const IDLE: usize = 200;

fn jobs(kind: Kind, count: u64) -> Vec<Job> {
    (0..count).map(|number| Job { number, kind, size: 0.5 + (number % 5) as f64 / 5.0 }).collect()
}

fn plan(workers: u32, scale: f64, until_done: bool) -> Plan {
    Plan { workers, time: LONG, scale, until_done, echo_port: None }
}

/// The end of a run: its records, how many jobs are left, and whether its threads were blocked.
struct Ended {
    records: Vec<Record>,
    left: u64,
    /// Whether all threads were blocked after the stop, although the service hadn't ended: nothing woke them.
    halted: bool,
}

/// When the collector stops the service.
#[derive(Clone, Copy)]
enum Stop {
    Never,
    /// When it's true of the records.
    When(fn(&[Record]) -> bool),
    /// The same, or when the threads have been blocked for long enough.
    WhenOrIdle(fn(&[Record]) -> bool),
}

impl Stop {
    fn is_due(self, records: &[Record], idle: usize) -> bool {
        match self {
            Self::Never => false,
            Self::When(is_it) => is_it(records),
            Self::WhenOrIdle(is_it) => is_it(records) || idle > IDLE,
        }
    }
}

/// Runs a service, and stops it.
fn run(service: Service, plan: Plan, jobs: Vec<Job>, stop: Stop) -> Result<Ended, String> {
    let (trace, mut records) = trace::channel();
    let (seen, started) = (Arc::new(Mutex::new(Vec::new())), Mutex::new(0));
    let (over, ended) = mpsc::channel::<()>();
    // It runs beside the service: it collects the records, stops the service when the time has come, and looks at its threads.
    let (handle, handles) = mpsc::channel::<StopHandle>();
    let collector = thread::spawn({
        let seen = Arc::clone(&seen);
        move || {
            let (mut handle, mut is_stopped, mut halted) = (None, false, false);
            let (mut idle, mut looks) = (0, Looks::default());
            loop {
                let is_over = ended.recv_timeout(PAUSE) != Err(mpsc::RecvTimeoutError::Timeout);
                let mut all = seen.lock().unwrap_or_else(PoisonError::into_inner);
                records.sweep(|news| all.extend_from_slice(news));
                if is_over {
                    all.extend(records.rest());
                    return halted;
                }
                let others = Thread::others();
                idle += usize::from(others.iter().all(Thread::is_blocked));
                halted |= is_stopped && looks.are_blocked(&others);
                handle = handle.or_else(|| handles.try_recv().ok());
                if let (Some(handle), false) = (&handle, is_stopped)
                    && stop.is_due(&all, idle)
                {
                    is_stopped = true;
                    handle();
                }
            }
        }
    });
    let on_started = Box::new(|stop: StopHandle| {
        *started.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        // The next `park` of the service's thread returns at once.
        thread::current().unpark();
        handle.send(stop).map_err(|_| io::Error::other("nobody takes the stop function"))
    });
    let left = service(plan, jobs, trace, on_started);
    drop(over);
    let halted = collector.join().map_err(|_| "The records can't be read.".to_owned())?;
    let left = left.map_err(|error| format!("`run` returns an error: {error}."))?;
    match started.into_inner().unwrap_or_else(PoisonError::into_inner) {
        1 => {}
        times => return Err(format!("`on_started` was called {times} times instead of once.")),
    }
    let records = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Ended { records, left, halted })
}

/// Whether a job was completed.
fn is_completed(record: &Record) -> bool {
    matches!(record.event, Event::JobCompleted(_))
}

/// What's true of the records of every run.
fn story(ended: &Ended, workers: u32, jobs: u64) -> Result<(), String> {
    let records = &ended.records;
    let place = |event: &Event| records.iter().position(|record| record.worker.is_none() && record.event == *event);
    if place(&Event::ServiceStarting) != Some(0) {
        return Err("The first record isn't `ServiceStarting`.".to_owned());
    }
    let Some(stopping) = place(&Event::ServiceStopping) else {
        return Err("There's no record `ServiceStopping`.".to_owned());
    };
    let mut begun: BTreeMap<u64, u32> = BTreeMap::new();
    for id in (0..workers).map(WorkerId) {
        let own: Vec<&Record> = records.iter().filter(|record| record.worker == Some(id)).collect();
        if own.is_empty() {
            let others: BTreeSet<WorkerId> = records.iter().filter_map(|record| record.worker).collect();
            let others: Vec<String> = others.iter().map(WorkerId::to_string).collect();
            return Err(match others.is_empty() {
                true => "No worker has records.".to_owned(),
                false => format!("{id} recorded nothing. These workers have some: {}.", others.join(", ")),
            });
        }
        if own.first().is_none_or(|record| record.event != Event::WorkerStarted) {
            return Err(format!("The first record of {id} isn't `WorkerStarted`."));
        }
        if own.last().is_none_or(|record| record.event != Event::WorkerFinished) {
            return Err(format!("The last record of {id} isn't `WorkerFinished`."));
        }
        let mut current = None;
        for record in &own[1..] {
            match (&record.event, current) {
                (Event::JobStarted(job), None) => {
                    *begun.entry(job.number).or_default() += 1;
                    current = Some(job.number);
                }
                (Event::JobCompleted(job), Some(number)) if job.number == number => current = None,
                (Event::WorkerFinished | Event::NoWork, None) => {}
                (event, None) => return Err(format!("{id} records {event:?} while it has no job.")),
                (event, Some(number)) => return Err(format!("{id} records {event:?} while it's doing job {number}.")),
            }
        }
    }
    if let Some((number, times)) = begun.iter().find(|(_, times)| **times > 1) {
        return Err(format!("Job {number} was done {times} times."));
    }
    let completed = records.iter().filter(|record| is_completed(record)).count() as u64;
    if completed + ended.left != jobs {
        return Err(format!(
            "The workers completed {completed} of {jobs} jobs, and `run` says that {} are left.",
            ended.left
        ));
    }
    // A worker mustn't take a job after it was asked to stop. One that was just taking a job may still record it.
    let late = records[stopping..].iter().filter(|record| matches!(record.event, Event::JobStarted(_))).count();
    match late <= workers as usize {
        true => Ok(()),
        false => Err(format!("After `ServiceStopping`, {workers} workers begin another {late} jobs.")),
    }
}

/// A service that should run until all jobs are done has done them.
fn is_done(ended: &Ended, jobs: u64) -> Result<(), String> {
    match ended.left {
        0 => Ok(()),
        left => Err(format!(
            "The service should run until all jobs are done, and `run` says that {left} of {jobs} are left."
        )),
    }
}

/// All jobs are done once, and then the service stops by itself.
///
/// # Errors
///
/// When the service breaks the contract.
pub fn does_all_jobs(service: Service) -> Result<(), String> {
    let ended = run(service, plan(3, 1e-4, true), jobs(Kind::Cpu, 20), Stop::Never)?;
    story(&ended, 3, 20)?;
    is_done(&ended, 20)
}

/// Jobs that wait run at the same time.
///
/// # Errors
///
/// When the service breaks the contract.
pub fn runs_at_the_same_time(service: Service) -> Result<(), String> {
    let ended = run(service, plan(4, 0.05, true), jobs(Kind::Io, 12), Stop::Never)?;
    story(&ended, 4, 12)?;
    is_done(&ended, 12)?;
    let (mut running, mut most) = (0, 0);
    for record in &ended.records {
        match record.event {
            Event::JobStarted(_) => running += 1,
            Event::JobCompleted(_) => running -= 1,
            _ => {}
        }
        most = most.max(running);
    }
    match most {
        0 | 1 => Err("There are 4 workers and 12 jobs, and no two jobs run at the same time.".to_owned()),
        _ => Ok(()),
    }
}

/// Workers without jobs end at once when the service is stopped.
///
/// # Errors
///
/// When the service breaks the contract.
pub fn stops_idle_workers(service: Service) -> Result<(), String> {
    let are_started =
        |records: &[Record]| records.iter().filter(|record| record.event == Event::WorkerStarted).count() == 3;
    let ended = run(service, plan(3, 1e-4, false), vec![], Stop::When(are_started))?;
    story(&ended, 3, 0)?;
    match ended.halted {
        false => Ok(()),
        true => Err(
            "The workers have nothing to do, and after the service was stopped, all its threads are blocked: nothing \
                     wakes them."
                .to_owned(),
        ),
    }
}

/// Workers with jobs finish those, and leave the others.
///
/// # Errors
///
/// When the service breaks the contract.
pub fn stops_busy_workers(service: Service) -> Result<(), String> {
    let some_are_done = |records: &[Record]| records.iter().filter(|record| is_completed(record)).count() >= 4;
    let ended = run(service, plan(2, 0.02, false), jobs(Kind::Io, 100), Stop::When(some_are_done))?;
    story(&ended, 2, 100)?;
    match ended.left {
        0 => Err("The service was stopped after 4 of 100 jobs, and it did all of them.".to_owned()),
        _ => Ok(()),
    }
}

/// The service stops by itself when its time is up.
///
/// # Errors
///
/// When the service breaks the contract.
pub fn stops_at_its_deadline(service: Service) -> Result<(), String> {
    let plan = Plan { time: Duration::from_millis(200), ..plan(2, 0.02, false) };
    let ended = run(service, plan, jobs(Kind::Io, 100), Stop::Never)?;
    story(&ended, 2, 100)?;
    let early = ended.records.iter().find(|record| record.event == Event::ServiceStopping);
    if early.is_some_and(|record| record.at < plan.time) {
        return Err("The service may run for 200 ms, and it stops earlier, although there are jobs.".to_owned());
    }
    match ended.left {
        0 => Err("The time was up after 200 ms, and the service did all of its 100 jobs.".to_owned()),
        _ => Ok(()),
    }
}

/// A worker that waits for a second records `NoWork`, and goes on waiting.
///
/// # Errors
///
/// When the service breaks the contract.
pub fn reports_idle_workers(service: Service) -> Result<(), String> {
    let is_idle = |records: &[Record]| records.iter().any(|record| record.event == Event::NoWork);
    let ended = run(service, plan(1, 1e-4, false), vec![], Stop::WhenOrIdle(is_idle))?;
    story(&ended, 1, 0)?;
    let waited = ended.records.iter().find(|record| record.event == Event::NoWork);
    match waited.map(|record| record.at) {
        None => Err("A worker waited for two seconds, and it didn't record `NoWork` after the first one.".to_owned()),
        Some(at) if at < Duration::from_millis(999) => {
            Err(format!("A worker records `NoWork` after {} ms instead of 1 s.", at.as_millis()))
        }
        Some(_) => Ok(()),
    }
}

/// While there's nothing to do, all threads are blocked.
///
/// # Errors
///
/// When the service breaks the contract.
pub fn is_blocked_while_idle(service: Service) -> Result<(), String> {
    let (trace, _records) = trace::channel();
    let (handle, handles) = mpsc::channel::<StopHandle>();
    let running = thread::spawn(move || {
        let on_started = |stop| handle.send(stop).map_err(|_| io::Error::other("nobody takes the stop function"));
        service(plan(2, 1e-4, false), vec![], trace, Box::new(on_started))
    });
    let stop = handles.recv().map_err(|_| "`on_started` was never called.".to_owned())?;
    let blocked = threads::are_blocked("A service without jobs");
    stop();
    running.join().map_err(|_| "`run` panicked.".to_owned())?.map_err(|error| error.to_string())?;
    blocked
}

/// Each worker gets some of the jobs.
///
/// # Errors
///
/// When the service breaks the contract.
pub fn shares_the_jobs(service: Service) -> Result<(), String> {
    let ended = run(service, plan(3, 0.005, true), jobs(Kind::Cpu, 30), Stop::Never)?;
    story(&ended, 3, 30)?;
    let done = |id| ended.records.iter().filter(|record| record.worker == Some(id) && is_completed(record)).count();
    match (0..3).map(WorkerId).find(|id| done(*id) == 0) {
        Some(id) => Err(format!("Of 30 jobs, {id} did none, because another worker never let it go on.")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps_the_contract(service: Service) {
        let checks = [
            does_all_jobs,
            runs_at_the_same_time,
            stops_idle_workers,
            stops_busy_workers,
            stops_at_its_deadline,
            reports_idle_workers,
            is_blocked_while_idle,
            shares_the_jobs,
        ];
        checks.iter().for_each(|check| assert_eq!(check(service), Ok(())));
    }

    // One after the other, because a check sees the threads of both.
    #[test]
    fn the_services_of_the_book_keep_the_contract() {
        keeps_the_contract(|plan, jobs, trace, on_started| {
            let mut service = chapters::threads::Service::new(plan, trace);
            service.add_jobs(jobs);
            Ok(service.run(on_started, chapters::threads::service::Worker::work)?.left)
        });
        keeps_the_contract(|plan, jobs, trace, on_started| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
            let mut service = chapters::coroutines::Service::new(plan, trace);
            service.add_jobs(jobs);
            Ok(runtime.block_on(service.run(on_started))?.left)
        });
    }
}
