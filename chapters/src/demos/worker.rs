//! One worker of a scene: its ID, its jobs, and the events that it records.

use std::time::{Duration, Instant};

use crate::job::Job;
use crate::record::{Event, Resource, WorkerId};
use crate::trace::Recorder;

/// How long a worker waits for a job before it records that there isn't one, at scale 1.
const WAIT_TIMEOUT: Duration = Duration::from_millis(40);
/// The shortest timeout that is worth waiting for.
const MOMENT: Duration = Duration::from_millis(1);

/// A destination for a worker's events.
pub trait EventSink {
    /// Records that `event` happens now, and returns the current time.
    fn record(&self, event: Event) -> Instant;
}

impl EventSink for Recorder {
    fn record(&self, event: Event) -> Instant {
        self.record(event)
    }
}

#[cfg(target_os = "linux")]
impl EventSink for crate::processes::service::record_ring::RecordRing {
    fn record(&self, event: Event) -> Instant {
        self.record(event)
    }
}

/// A worker of a scene. The code calls it `me`, as an actor in a play would.
#[derive(Debug)]
pub struct Worker<T> {
    /// Its ID.
    pub id: WorkerId,
    /// The number of workers in the scene.
    pub workers: usize,
    /// All jobs of the scene, which decides how the workers share them.
    pub jobs: Vec<Job>,
    /// The factor that scales every job's work.
    pub scale: f64,
    /// Where the worker records its events.
    pub trace: T,
}

impl<T: EventSink> Worker<T> {
    /// Whether this is the first worker, which has a different part from the others in some scenes.
    pub fn is_first(&self) -> bool {
        self.id.0 == 0
    }

    /// This worker's share, when `jobs` are dealt round-robin to all workers.
    pub fn share<'a>(&self, jobs: &'a [Job]) -> impl Iterator<Item = &'a Job> + use<'a, T> {
        jobs.iter().skip(self.id.0 as usize).step_by(self.workers)
    }

    /// This worker's share, when `jobs` are dealt round-robin to all workers but the first.
    pub fn share_of_others<'a>(&self, jobs: &'a [Job]) -> impl Iterator<Item = &'a Job> + use<'a, T> {
        let (before, among) = ((self.id.0 as usize).wrapping_sub(1), self.workers - 1);
        jobs.iter().skip(before).step_by(among.max(1))
    }

    /// Does a job. Blocks until it is done.
    pub fn work(&self, job: &Job) {
        self.trace.record(Event::JobStarted(*job));
        job.run(self.scale);
        self.trace.record(Event::JobCompleted(*job));
    }

    /// Does a job. If the job waits, other tasks can use the event loop.
    pub async fn work_async(&self, job: &Job) {
        self.trace.record(Event::JobStarted(*job));
        job.run_async(self.scale).await;
        self.trace.record(Event::JobCompleted(*job));
    }

    /// How long the worker waits for a job before it records that there isn't one.
    pub fn wait_timeout(&self) -> Duration {
        WAIT_TIMEOUT.mul_f64(self.scale / super::UNIT).max(MOMENT)
    }

    /// Records that the worker starts waiting.
    pub fn waits(&self, resource: Resource) {
        self.trace.record(Event::WaitStarted(resource));
    }

    /// Records that the worker has stopped waiting.
    pub fn resumes(&self, resource: Resource) {
        self.trace.record(Event::WaitEnded(resource));
    }

    /// Records that the worker has stopped waiting because it has acquired the resource.
    pub fn acquires(&self, resource: Resource) {
        self.trace.record(Event::WaitEnded(resource));
        self.trace.record(Event::Acquired(resource));
    }

    /// Records that the worker releases the resource. Call it before the release, because another worker may
    /// acquire it immediately afterward.
    pub fn releases(&self, resource: Resource) {
        self.trace.record(Event::Released(resource));
    }

    /// Records that the worker does the action that others wait for.
    pub fn signals(&self, resource: Resource) {
        self.trace.record(Event::Signalled(resource));
    }

    /// Records that the worker puts a job on a queue.
    pub fn puts(&self, job: &Job) {
        self.trace.record(Event::JobPut(*job));
    }

    /// Records that the worker has found no job.
    pub fn finds_no_work(&self) {
        self.trace.record(Event::NoWork);
    }
}
