//! The data about a run: a record of each event, and the summary at the end.
//!
//! A [`Record`] is plain data, and a line in JSON. The last record of every run contains the [`Summary`]. The
//! [`trace`](crate::trace) carries records from the workers to the views, and a [`Tally`](crate::tally::Tally) counts
//! them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Error, IgnoredAny};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::job::{Failure, Job};
use crate::random::Seed;

/// An event, with its time and its worker.
///
/// As JSON it is one line of the trace:
///
/// ```
/// use chapters::record::{Event, Record, WorkerId};
///
/// let line = r#"{"at":0.001234,"worker":"worker-1","event":"worker_started"}"#;
/// let record: Record = serde_json::from_str(line).unwrap();
/// assert_eq!((record.worker, &record.event), (Some(WorkerId(0)), &Event::WorkerStarted));
/// assert_eq!(serde_json::to_string(&record).unwrap(), line);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The time since the start of the service, on one clock for all workers.
    pub at: Duration,
    /// The worker, or `None` for the service itself.
    pub worker: Option<WorkerId>,
    /// The event.
    pub event: Event,
}

/// An event in the life of a service.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The service is about to start its workers.
    ServiceStarting,
    /// A worker is running and will take jobs from now on.
    WorkerStarted,
    /// A worker took a job from the queue and begins it.
    JobStarted(Job),
    /// A worker is done with its job.
    JobCompleted(Job),
    /// A worker could not do its job, which is lost. In JSON, `"error"` says why.
    JobFailed(Box<FailedJob>),
    /// A worker waited for a job until its timeout, and waits again.
    NoWork,
    /// A worker has acquired the interpreter lock.
    GilAcquired,
    /// A worker is about to release the interpreter lock.
    GilReleased,
    /// The service asks its workers to stop.
    ServiceStopping,
    /// A worker ends because the service asked it to, or because there will be no more jobs.
    WorkerFinished,
    /// A worker died. The job that it was doing, if any, is lost.
    WorkerDied(Option<Job>),
    /// Every worker has ended: the last record of every run.
    ServiceStopped(Box<Summary>),
    /// A worker puts a job on a queue.
    JobPut(Job),
    /// A worker begins to wait, if only for a moment.
    WaitStarted(Resource),
    /// A worker has stopped waiting, successfully or not.
    WaitEnded(Resource),
    /// A worker has acquired a resource.
    Acquired(Resource),
    /// A worker is about to release a resource.
    Released(Resource),
    /// A worker signals others that are waiting.
    Signalled(Resource),
    /// A worker took a job that had been delivered before, to another worker or to itself.
    JobRedelivered(Job),
    /// A worker is done with a job that had already been completed, so its result doesn't count.
    ResultIgnored(Job),
    /// A worker gave up a job that had been delivered as often as allowed. The job is lost.
    JobLost(Job),
    /// The network between a worker and its broker stopped carrying data.
    NetworkCut,
    /// The network between a worker and its broker carries data again.
    NetworkRestored,
    /// A broker died.
    BrokerDied(BrokerId),
    /// A broker that had died is running again.
    BrokerRestarted(BrokerId),
    /// The brokers elected the leader of the queue.
    LeaderElected(BrokerId),
}

impl Event {
    /// The end of a job: that it was completed, or that it failed.
    pub fn ended(job: Job, result: Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Event::JobCompleted(job),
            Err(failure) => Event::JobFailed(Box::new(FailedJob { job, failure })),
        }
    }

    /// The event's name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Event::ServiceStarting => "service_starting",
            Event::WorkerStarted => "worker_started",
            Event::JobStarted(_) => "job_started",
            Event::JobCompleted(_) => "job_completed",
            Event::JobFailed(_) => "job_failed",
            Event::NoWork => "no_work",
            Event::GilAcquired => "gil_acquired",
            Event::GilReleased => "gil_released",
            Event::ServiceStopping => "service_stopping",
            Event::WorkerFinished => "worker_finished",
            Event::WorkerDied(_) => "worker_died",
            Event::ServiceStopped(_) => "service_stopped",
            Event::JobPut(_) => "job_put",
            Event::WaitStarted(_) => "wait_started",
            Event::WaitEnded(_) => "wait_ended",
            Event::Acquired(_) => "acquired",
            Event::Released(_) => "released",
            Event::Signalled(_) => "signalled",
            Event::JobRedelivered(_) => "job_redelivered",
            Event::ResultIgnored(_) => "result_ignored",
            Event::JobLost(_) => "job_lost",
            Event::NetworkCut => "network_cut",
            Event::NetworkRestored => "network_restored",
            Event::BrokerDied(_) => "broker_died",
            Event::BrokerRestarted(_) => "broker_restarted",
            Event::LeaderElected(_) => "leader_elected",
        }
    }

    /// The job of the event, if it has one.
    pub fn job(&self) -> Option<&Job> {
        match self {
            Event::JobStarted(job) | Event::JobCompleted(job) | Event::JobPut(job) => Some(job),
            Event::JobRedelivered(job) | Event::ResultIgnored(job) | Event::JobLost(job) => Some(job),
            Event::JobFailed(failed) => Some(&failed.job),
            Event::WorkerDied(job) => job.as_ref(),
            _ => None,
        }
    }

    /// The resource that a worker waits for, holds, or signals, if the event has one.
    pub fn resource(&self) -> Option<Resource> {
        match self {
            Event::WaitStarted(resource) | Event::WaitEnded(resource) => Some(*resource),
            Event::Acquired(resource) | Event::Released(resource) | Event::Signalled(resource) => Some(*resource),
            _ => None,
        }
    }
}

/// A job that failed, and the reason. It's a type of its own so that [`Event`], which contains it in a box, stays small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailedJob {
    /// The job.
    pub job: Job,
    /// The reason.
    pub failure: Failure,
}

/// A broker of a service on many machines, identified by its number from 0. The name of the first one is `broker-1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub u32);

impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "broker-{}", u64::from(self.0) + 1)
    }
}

impl FromStr for BrokerId {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let number = name.strip_prefix("broker-").and_then(|number| number.parse::<u32>().ok());
        let id = number.and_then(|number| number.checked_sub(1)).map(Self);
        id.ok_or_else(|| format!("{name:?} is no broker: expected \"broker-1\" and so on"))
    }
}

/// A resource that a worker waits for, holds, or signals.
///
/// In JSON, it is an additional field of five events: `"on"` in `wait_started` and `wait_ended`, `"of"` in `acquired`,
/// `released` and `signalled`.
///
/// | in JSON | to wait | to hold | to signal |
/// | --- | --- | --- | --- |
/// | `"lock"` | until it is free | from the acquire to the release | |
/// | `"rlock"` | until it is free, or at once if it is one's own | the same, and again within it | |
/// | `"condition"` | for a notification | | notify |
/// | `"event"` | until it is set | | set it |
/// | `"semaphore"` | until a permit is free | a permit | |
/// | `"barrier"` | until all have arrived | | arrive last, and release the others |
/// | `"room"` | until a queue is not full | | |
/// | `"item"` | until a queue is not empty | | |
/// | `"tasks"` | until all that was put on a queue is done | | |
/// | `"queue"` | | | shut it down |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// A lock.
    Lock,
    /// A lock that its holder may acquire again.
    RLock,
    /// A condition.
    Condition,
    /// An event.
    Event,
    /// A semaphore, or a permit of it.
    Semaphore,
    /// A barrier.
    Barrier,
    /// Room in a queue.
    Room,
    /// An item of a queue.
    Item,
    /// The tasks of a queue.
    Tasks,
    /// A queue as a whole.
    Queue,
}

impl Resource {
    /// All resources.
    pub const ALL: [Self; 10] = [
        Self::Lock,
        Self::RLock,
        Self::Condition,
        Self::Event,
        Self::Semaphore,
        Self::Barrier,
        Self::Room,
        Self::Item,
        Self::Tasks,
        Self::Queue,
    ];

    /// Whether signaling the resource wakes all workers that are waiting, rather than one of them.
    pub fn wakes_all(self) -> bool {
        matches!(self, Self::Event | Self::Barrier | Self::Queue)
    }

    /// The words after "waits": `for the lock`, `at the barrier`.
    pub fn waited_for(self) -> &'static str {
        match self {
            Resource::Lock => "for the lock",
            Resource::RLock => "for the rlock",
            Resource::Condition => "for a notification",
            Resource::Event => "for the event",
            Resource::Semaphore => "for a permit",
            Resource::Barrier => "at the barrier",
            Resource::Room => "for room",
            Resource::Item => "for an item",
            Resource::Tasks => "for all tasks to be done",
            Resource::Queue => "for the queue",
        }
    }

    /// The words after "holds": `the lock`, `a permit`.
    pub fn held(self) -> &'static str {
        match self {
            Resource::Lock => "the lock",
            Resource::RLock => "the rlock",
            Resource::Condition => "the condition",
            Resource::Event => "the event",
            Resource::Semaphore => "a permit",
            Resource::Barrier => "the barrier",
            Resource::Room => "room",
            Resource::Item => "an item",
            Resource::Tasks => "a task",
            Resource::Queue => "the queue",
        }
    }

    /// The words for signaling it: `sets the event`, `opens the barrier`.
    pub fn signalled(self) -> &'static str {
        match self {
            Resource::Condition => "notifies",
            Resource::Event => "sets the event",
            Resource::Barrier => "opens the barrier",
            Resource::Queue => "shuts the queue down",
            _ => "signals",
        }
    }
}

/// A worker, identified by its number. Numbers start at 0, but names start at `worker-1`, like Python's default names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub u32);

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "worker-{}", u64::from(self.0) + 1)
    }
}

impl FromStr for WorkerId {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let number = name.strip_prefix("worker-").and_then(|number| number.parse::<u32>().ok());
        let id = number.and_then(|number| number.checked_sub(1)).map(Self);
        id.ok_or_else(|| format!("{name:?} is no worker: expected \"worker-1\" and so on"))
    }
}

/// The JSON form of times: seconds, to the microsecond.
pub fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_struct("Record", 4)?;
        line.serialize_field("at", &seconds(self.at))?;
        match self.worker {
            Some(worker) => line.serialize_field("worker", &format_args!("{worker}"))?,
            None => line.serialize_field("worker", &())?,
        }
        line.serialize_field("event", self.event.name())?;
        if let Some(job) = self.event.job() {
            line.serialize_field("job", job)?;
        }
        match &self.event {
            Event::WaitStarted(resource) | Event::WaitEnded(resource) => line.serialize_field("on", resource)?,
            Event::Acquired(resource) | Event::Released(resource) | Event::Signalled(resource) => {
                line.serialize_field("of", resource)?;
            }
            Event::JobFailed(failed) => line.serialize_field("error", &format_args!("{}", failed.failure))?,
            Event::ServiceStopped(summary) => line.serialize_field("summary", summary)?,
            Event::BrokerDied(broker) | Event::BrokerRestarted(broker) | Event::LeaderElected(broker) => {
                line.serialize_field("broker", &format_args!("{broker}"))?;
            }
            _ => {}
        }
        line.end()
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Line {
            at: f64,
            worker: Option<String>,
            event: String,
            job: Option<Job>,
            error: Option<String>,
            on: Option<Resource>,
            of: Option<Resource>,
            broker: Option<String>,
            summary: Option<Box<Summary>>,
            #[serde(flatten)]
            _more: std::collections::HashMap<String, IgnoredAny>,
        }
        let line = Line::deserialize(deserializer)?;
        let job = || line.job.ok_or_else(|| D::Error::missing_field("job"));
        let failure = || -> Result<Failure, D::Error> {
            let error = line.error.as_ref().ok_or_else(|| D::Error::missing_field("error"))?;
            error.parse().map_err(D::Error::custom)
        };
        let on = || line.on.ok_or_else(|| D::Error::missing_field("on"));
        let of = || line.of.ok_or_else(|| D::Error::missing_field("of"));
        let broker = || -> Result<BrokerId, D::Error> {
            let name = line.broker.as_ref().ok_or_else(|| D::Error::missing_field("broker"))?;
            name.parse().map_err(D::Error::custom)
        };
        let event = match line.event.as_str() {
            "service_starting" => Event::ServiceStarting,
            "worker_started" => Event::WorkerStarted,
            "job_started" => Event::JobStarted(job()?),
            "job_completed" => Event::JobCompleted(job()?),
            "job_failed" => Event::ended(job()?, Err(failure()?)),
            "no_work" => Event::NoWork,
            "gil_acquired" => Event::GilAcquired,
            "gil_released" => Event::GilReleased,
            "service_stopping" => Event::ServiceStopping,
            "worker_finished" => Event::WorkerFinished,
            "worker_died" => Event::WorkerDied(line.job),
            "service_stopped" => Event::ServiceStopped(line.summary.ok_or_else(|| D::Error::missing_field("summary"))?),
            "job_put" => Event::JobPut(job()?),
            "wait_started" => Event::WaitStarted(on()?),
            "wait_ended" => Event::WaitEnded(on()?),
            "acquired" => Event::Acquired(of()?),
            "released" => Event::Released(of()?),
            "signalled" => Event::Signalled(of()?),
            "job_redelivered" => Event::JobRedelivered(job()?),
            "result_ignored" => Event::ResultIgnored(job()?),
            "job_lost" => Event::JobLost(job()?),
            "network_cut" => Event::NetworkCut,
            "network_restored" => Event::NetworkRestored,
            "broker_died" => Event::BrokerDied(broker()?),
            "broker_restarted" => Event::BrokerRestarted(broker()?),
            "leader_elected" => Event::LeaderElected(broker()?),
            other => return Err(D::Error::custom(format!("{other:?} is no event"))),
        };
        let at = Duration::try_from_secs_f64(line.at).map_err(D::Error::custom)?;
        let worker = line.worker.map(|name| name.parse().map_err(D::Error::custom)).transpose()?;
        Ok(Record { at, worker, event })
    }
}

/// The summary of a run. `jobs = completed + left + lost`, always.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// `threads`, `processes`, `coroutines` or `machines`.
    pub model: String,
    /// The scene, if the run was a demo of one primitive or queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<String>,
    /// The interpreter, if the service was a Python program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// The seed of the job sizes.
    pub seed: Seed,
    /// How many jobs there were.
    pub jobs: u64,
    /// How many jobs were completed.
    pub completed: u64,
    /// How many jobs were still on the queue at the end.
    pub left: u64,
    /// How many jobs were started but never completed, because they failed or their workers died.
    pub lost: u64,
    /// The time from the start of the service to the end of its last worker.
    pub wall_seconds: f64,
    /// The processor time of all processes together.
    pub cpu_seconds: f64,
    /// The peak of the resident memory of all processes together. Pages that processes share count for each of them.
    pub peak_rss_bytes: u64,
    /// What happened more than once, if a broker delivered the jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<Deliveries>,
    /// Each worker's share, in order.
    pub workers: Vec<WorkerSummary>,
}

/// The jobs that a broker delivered more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliveries {
    /// How many deliveries were repetitions.
    pub redelivered: u64,
    /// How many results didn't count because their jobs had been completed before.
    pub ignored: u64,
}

/// One worker's share of the work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerSummary {
    /// The worker's name.
    pub name: String,
    /// How many jobs it completed.
    pub completed: u64,
    /// How long it was busy with jobs, including a job that it didn't complete.
    pub busy_seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Kind;

    #[test]
    fn a_record_is_the_json_line_that_the_book_promises() {
        let job = Job { number: 0, kind: Kind::Cpu, size: 0.6343642441124012 };
        let at = Duration::from_nanos(1_234_567);
        let record = Record { at, worker: Some(WorkerId(0)), event: Event::JobStarted(job) };
        let line = r#"{"at":0.001234,"worker":"worker-1","event":"job_started","job":{"number":0,"kind":"cpu","size":0.6343642441124012}}"#;
        assert_eq!(serde_json::to_string(&record).unwrap(), line);
        let read: Record = serde_json::from_str(line).unwrap();
        assert_eq!(read, Record { at: Duration::from_micros(1234), ..record });
    }

    /// Checks that an event with these fields is the same when it has been read and written again.
    fn is_read_and_written(event: &str, fields: &str) {
        let line = format!(r#"{{"at":0.5,"worker":"worker-2","event":"{event}",{fields}}}"#);
        let read: Record = serde_json::from_str(&line).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), line);
    }

    #[test]
    fn an_event_names_its_resource_its_failure_or_its_broker() {
        let resources =
            ["lock", "rlock", "condition", "event", "semaphore", "barrier", "room", "item", "tasks", "queue"];
        let events =
            [("wait_started", "on"), ("wait_ended", "on"), ("acquired", "of"), ("released", "of"), ("signalled", "of")];
        for (event, field) in events {
            resources.iter().for_each(|it| is_read_and_written(event, &format!(r#""{field}":"{it}""#)));
        }
        for error in ["Connection refused (os error 111)", "the server didn't answer in time"] {
            let job = r#""job":{"number":1,"kind":"net","size":1.5}"#;
            is_read_and_written("job_failed", &format!(r#"{job},"error":"{error}""#));
        }
        for event in ["broker_died", "broker_restarted", "leader_elected"] {
            is_read_and_written(event, r#""broker":"broker-3""#);
        }
    }

    #[test]
    fn a_line_that_is_no_record_is_refused_by_name() {
        let error = |line: &str| serde_json::from_str::<Record>(line).unwrap_err().to_string();
        assert!(error(r#"{"at":0,"worker":null,"event":"lunch"}"#).contains("\"lunch\" is no event"));
        assert!(error(r#"{"at":0,"worker":"bob","event":"no_work"}"#).contains("\"bob\" is no worker"));
        assert!(error(r#"{"at":0,"worker":null,"event":"job_started"}"#).contains("missing field `job`"));
        let failed = r#"{"at":0,"worker":null,"event":"job_failed","job":{"number":1,"kind":"net","size":1.5}"#;
        assert!(error(&format!("{failed}}}")).contains("missing field `error`"));
        assert!(error(&format!("{failed},\"error\":\"lunch\"}}")).contains("\"lunch\" isn't the failure of a job"));
        assert!(error(r#"{"at":0,"worker":null,"event":"acquired","on":"lock"}"#).contains("missing field `of`"));
        assert!(error(r#"{"at":0,"worker":null,"event":"acquired","of":"lunch"}"#).contains("lunch"));
        assert!(error(r#"{"at":0,"worker":null,"event":"broker_died"}"#).contains("missing field `broker`"));
        assert!(error(r#"{"at":0,"worker":null,"event":"broker_died","broker":"x"}"#).contains("\"x\" is no broker"));
        assert!(error(r#"{"at":-1,"worker":null,"event":"no_work"}"#).contains("negative"));
    }
}
