//! A short run that the tests of all views use.

use std::time::Duration;

use crate::job::{Job, Kind};
use crate::random::Seed;
use crate::record::{Event, Record, Summary, WorkerId, WorkerSummary};
use crate::service::{Plan, Run};

/// Two workers, four jobs, one second.
pub fn run() -> Run {
    let plan = Plan { workers: 2, time: Duration::from_secs(1), scale: 1.0, until_done: false, echo_port: None };
    Run { model: "threads", scene: None, interpreter: None, seed: Seed::from(1), jobs: 4, plan }
}

/// A job of size 0.634.
pub fn job(number: u64) -> Job {
    Job { number, kind: Kind::Cpu, size: 0.6343642441124012 }
}

/// An event of `worker` at `millis`. Worker 0 is the service itself.
pub fn record(millis: u64, worker: u32, event: Event) -> Record {
    Record { at: Duration::from_millis(millis), worker: worker.checked_sub(1).map(WorkerId), event }
}

/// All records but the last: worker-1 completes two jobs, worker-2 dies with one, and one is left.
pub fn records() -> Vec<Record> {
    vec![
        record(0, 0, Event::ServiceStarting),
        record(100, 1, Event::WorkerStarted),
        record(100, 2, Event::WorkerStarted),
        record(100, 1, Event::JobStarted(job(0))),
        record(200, 2, Event::JobStarted(job(1))),
        record(400, 1, Event::JobCompleted(job(0))),
        record(500, 1, Event::NoWork),
        record(600, 1, Event::JobStarted(job(2))),
        record(800, 2, Event::WorkerDied(Some(job(1)))),
        record(1000, 0, Event::ServiceStopping),
        record(1200, 1, Event::JobCompleted(job(2))),
        record(1200, 1, Event::WorkerFinished),
    ]
}

/// The summary of the run.
pub fn summary() -> Summary {
    let worker = |name: &str, completed, busy_seconds| WorkerSummary { name: name.to_owned(), completed, busy_seconds };
    Summary {
        model: "threads".to_owned(),
        scene: None,
        interpreter: None,
        seed: Seed::from(1),
        jobs: 4,
        completed: 2,
        left: 1,
        lost: 1,
        wall_seconds: 1.2,
        cpu_seconds: 1.6,
        peak_rss_bytes: 3 << 20,
        deliveries: None,
        workers: vec![worker("worker-1", 2, 0.9), worker("worker-2", 0, 0.6)],
    }
}

/// All records of the run.
pub fn whole() -> Vec<Record> {
    let mut records = records();
    records.push(record(1200, 0, Event::ServiceStopped(Box::new(summary()))));
    records
}
