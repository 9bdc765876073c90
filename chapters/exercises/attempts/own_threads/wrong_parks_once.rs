//! Parks once, until the time is up or a thread unparks it.
//! Refused: The service should run until all jobs are done

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, Thread};
use std::time::Instant;

use chapters::job::Job;
use chapters::record::{Event, WorkerId};
use chapters::service::{IDLE_TIMEOUT, OnStarted, Plan};
use chapters::trace::Trace;

/// Runs the service, and returns how many jobs are left.
pub fn run(plan: Plan, jobs: Vec<Job>, trace: Trace, on_started: OnStarted<'_>) -> io::Result<u64> {
    let state = State { jobs: jobs.into(), stopped: false, alive: plan.workers };
    let shared = Arc::new((Mutex::new(state), Condvar::new()));
    let deadline = trace.origin() + plan.time;
    trace.service().record(Event::ServiceStarting);
    let workers: Vec<_> = (0..plan.workers)
        .map(|id| {
            let (shared, trace, service) = (Arc::clone(&shared), trace.clone(), thread::current());
            thread::spawn(move || work(&shared, plan, &trace, WorkerId(id), &service))
        })
        .collect();
    let handle = (Arc::clone(&shared), thread::current());
    on_started(Box::new(move || {
        handle.0.0.lock().unwrap().stopped = true;
        handle.0.1.notify_all();
        handle.1.unpark();
    }))?;
    thread::park_timeout(deadline.saturating_duration_since(Instant::now()));
    let (state, changed) = &*shared;
    let mut state = state.lock().unwrap();
    trace.service().record(Event::ServiceStopping);
    state.stopped = true;
    changed.notify_all();
    drop(state);
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let left = shared.0.lock().unwrap().jobs.len();
    Ok(left as u64)
}

struct State {
    jobs: VecDeque<Job>,
    stopped: bool,
    alive: u32,
}

fn work(shared: &(Mutex<State>, Condvar), plan: Plan, trace: &Trace, id: WorkerId, service: &Thread) {
    let trace = trace.worker(id);
    trace.record(Event::WorkerStarted);
    let mut state = shared.0.lock().unwrap();
    let mut waited = Instant::now();
    while !state.stopped {
        if let Some(job) = state.jobs.pop_front() {
            drop(state);
            trace.record(Event::JobStarted(job));
            job.run(plan.scale);
            waited = trace.record(Event::JobCompleted(job));
            state = shared.0.lock().unwrap();
        } else if plan.until_done {
            break;
        } else if waited.elapsed() >= IDLE_TIMEOUT {
            waited = trace.record(Event::NoWork);
        } else {
            state = shared.1.wait_timeout(state, IDLE_TIMEOUT.saturating_sub(waited.elapsed())).unwrap().0;
        }
    }
    trace.record(Event::WorkerFinished);
    state.alive -= 1;
    if state.alive == 0 {
        service.unpark();
    }
}
