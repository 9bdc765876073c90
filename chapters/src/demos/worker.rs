//! One worker of a scene: who it is, which jobs there are, and what it says of what it does.

use std::time::{Duration, Instant};

use crate::job::Job;
use crate::record::{Event, Resource, WorkerId};
use crate::trace::Recorder;

/// How long a worker waits for something to do before it says that there is nothing, at scale 1.
const PATIENCE: Duration = Duration::from_millis(40);
/// The least time that is worth waiting for.
const MOMENT: Duration = Duration::from_millis(1);

/// Where a worker says what it does.
pub trait Says {
    /// Records that `event` happens now, and returns what time that is.
    fn record(&self, event: Event) -> Instant;
}

impl Says for Recorder {
    fn record(&self, event: Event) -> Instant {
        self.record(event)
    }
}

#[cfg(target_os = "linux")]
impl Says for crate::processes::service::record_ring::Journal {
    fn record(&self, event: Event) -> Instant {
        self.record(event)
    }
}

/// A worker of a scene. In code, as in a play, it is `me`.
#[derive(Debug)]
pub struct Worker<T> {
    /// Which one.
    pub id: WorkerId,
    /// How many they are.
    pub workers: usize,
    /// All the jobs of the scene; who does which is for the scene to say.
    pub jobs: Vec<Job>,
    /// What every job's work is multiplied by.
    pub scale: f64,
    /// Where it says what it does.
    pub trace: T,
}

impl<T: Says> Worker<T> {
    /// Whether this is the first of the workers, who in some scenes has another part than all others.
    pub fn is_first(&self) -> bool {
        self.id.0 == 0
    }

    /// This worker's share, when `jobs` are dealt to all workers in turn.
    pub fn share<'a>(&self, jobs: &'a [Job]) -> impl Iterator<Item = &'a Job> + use<'a, T> {
        jobs.iter().skip(self.id.0 as usize).step_by(self.workers)
    }

    /// This worker's share, when `jobs` are dealt to all workers but the first.
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

    /// Does a job, and lets others have the event loop if the job waits.
    pub async fn work_async(&self, job: &Job) {
        self.trace.record(Event::JobStarted(*job));
        job.run_async(self.scale).await;
        self.trace.record(Event::JobCompleted(*job));
    }

    /// How long it waits for something to do before it says that there is nothing.
    pub fn patience(&self) -> Duration {
        PATIENCE.mul_f64(self.scale / super::UNIT).max(MOMENT)
    }

    /// Says that it begins to wait.
    pub fn waits(&self, resource: Resource) {
        self.trace.record(Event::WaitStarted(resource));
    }

    /// Says that it waits no longer.
    pub fn goes_on(&self, resource: Resource) {
        self.trace.record(Event::WaitEnded(resource));
    }

    /// Says that it waits no longer, since it has what it waited for, and holds it.
    pub fn gets(&self, resource: Resource) {
        self.trace.record(Event::WaitEnded(resource));
        self.trace.record(Event::Acquired(resource));
    }

    /// Says that it gives back what it holds. It says so first: when it has done it, somebody else may hold it already.
    pub fn gives_back(&self, resource: Resource) {
        self.trace.record(Event::Released(resource));
    }

    /// Says that it does what others wait for.
    pub fn signals(&self, resource: Resource) {
        self.trace.record(Event::Signalled(resource));
    }

    /// Says that it puts a job on a queue.
    pub fn puts(&self, job: &Job) {
        self.trace.record(Event::JobPut(*job));
    }

    /// Says that it has found nothing to do.
    pub fn finds_no_work(&self) {
        self.trace.record(Event::NoWork);
    }
}
