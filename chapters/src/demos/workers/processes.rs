//! The workers of a scene as processes.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::demo::Demo;
use crate::demos::worker;
use crate::job::{Job, Kind};
use crate::processes::service::collector::{self, Last, Watched};
use crate::processes::service::now_on_both_clocks;
use crate::processes::service::record_ring::{self, RecordRing};
use crate::processes::shared::{LINE, Place, Shared};
use crate::processes::start::{Child, Method, Starter};
use crate::record::{Event, WorkerId};
use crate::service::{Outcome, cannot_start};
use crate::usage::Usage;

/// A worker that is a process.
pub type Worker = worker::Worker<RecordRing>;

/// The number of words reserved for a stage. Unused memory costs nothing.
const STAGE: usize = 1 << 18;
/// How long the system may take to remove a thread that was joined.
const LEAVING: Duration = Duration::from_secs(1);

/// The state that the workers of a scene share.
pub trait Stage: Send + Sync + 'static {
    /// Runs one worker. Blocks until its part of the scene is over.
    fn play(&self, me: &Worker);

    /// Ends every wait that a dead worker would have ended, now and in the future.
    fn abandon(&self);
}

/// A stage in shared memory, which another process can find.
pub trait SharedStage: Stage + Sized {
    /// The message that lets another process find the stage.
    type Places: Serialize + DeserializeOwned;

    /// Where the stage lies in the shared memory.
    fn places(&self) -> Self::Places;

    /// The stage that another process has set up.
    ///
    /// # Errors
    ///
    /// When `places` are not those of a stage.
    fn at(memory: &Arc<Shared>, places: Self::Places) -> io::Result<Self>;
}

/// Runs the workers on the stage that `set` sets up in shared memory. Blocks until the last worker has ended. If one
/// dies, `perform` abandons the stage, and the other workers leave.
///
/// # Errors
///
/// When memory can't be shared, a worker can't be started, or `on_started` fails; the workers that were started are
/// killed.
pub fn perform<S: SharedStage>(
    method: Method,
    set: impl FnOnce(&Arc<Shared>) -> io::Result<S>,
    demo: Demo,
) -> io::Result<Outcome> {
    let Demo { plan, jobs, trace, on_started } = demo;
    let words = STAGE + jobs.len() + plan.workers as usize * (record_ring::WORDS + 2 * LINE);
    let memory = Arc::new(Shared::new(words)?);
    let list = write(&memory, &jobs)?;
    let stage = Arc::new(set(&memory)?);
    trace.complete_until(Duration::ZERO);
    trace.service().record(Event::ServiceStarting);
    let starter = starter(method)?;
    let mut handles = Vec::new();
    let start = (0..plan.workers).map(WorkerId).try_for_each(|id| {
        let (workers, jobs) = (plan.workers as usize, jobs.clone());
        let ring = RecordRing::new(&memory, id, trace.origin())?;
        let me = Worker { id, workers, jobs, scale: plan.scale, trace: ring.clone() };
        let process = starter.start(Actor { stage: Arc::clone(&stage), me, list });
        let process = process.map_err(|error| cannot_start(id, &error))?;
        handles.push(Watched { ring, process, last: Last::default() });
        Ok(())
    });
    if let Err(error) = start.and_then(|()| on_started(Box::new(|| ()))) {
        collector::end(handles);
        return Err(error);
    }
    let (alive, _ended) = channel::bounded(0);
    let collector = collector::watch(handles, trace, alive, move || stage.abandon())?;
    let peak = collector.join().map_err(|_| io::Error::other("the collector failed"))?;
    drop(starter);
    let mut usage = Usage::of_this_process();
    usage.peak_rss = usage.peak_rss.saturating_add(peak);
    Ok(Outcome { left: 0, usage })
}

/// Prepares to start processes. `fork` needs a process with one thread, and threads of an earlier scene may still be
/// ending.
fn starter<C: Child>(method: Method) -> io::Result<Starter<C>> {
    let begin = Instant::now();
    loop {
        match Starter::new(method) {
            Err(_) if begin.elapsed() < LEAVING => thread::sleep(Duration::from_micros(100)),
            result => return result,
        }
    }
}

/// Writes the sizes of the jobs into shared memory, because they may not fit into the message to a new process.
fn write(memory: &Arc<Shared>, jobs: &[Job]) -> io::Result<Place> {
    let sizes = memory.at(memory.place(jobs.len().max(1))?, jobs.len().max(1))?;
    sizes.iter().zip(jobs).for_each(|(word, job)| word.store(job.size.to_bits(), Ordering::Relaxed));
    Ok(sizes.place())
}

/// Reads the jobs back.
fn read(memory: &Arc<Shared>, place: Place, count: usize, kind: Kind) -> io::Result<Vec<Job>> {
    let sizes = memory.at(place, count.max(1))?;
    let job = |(number, size): (u64, f64)| Job { number, kind, size };
    Ok((0..).zip(sizes.iter().take(count).map(|word| f64::from_bits(word.load(Ordering::Relaxed)))).map(job).collect())
}

/// A worker and its stage: the main object of a process that is started for a scene.
pub struct Actor<S> {
    stage: Arc<S>,
    me: Worker,
    /// Where the list of jobs lies.
    list: Place,
}

/// The data that a worker process receives if it isn't a copy of its parent.
#[derive(Debug, Serialize, Deserialize)]
pub struct Preparation<P> {
    id: WorkerId,
    workers: usize,
    scale: f64,
    kind: Kind,
    count: usize,
    list: Place,
    ring: Place,
    /// The start of the scene, on the clock that all processes share.
    origin: Duration,
    stage: P,
}

impl<S: SharedStage> Child for Actor<S> {
    type Preparation = Preparation<S::Places>;

    fn pack(&self) -> io::Result<(Self::Preparation, Vec<BorrowedFd<'_>>)> {
        let Self { stage, me, list } = self;
        let (now, shared_now) = now_on_both_clocks()?;
        let preparation = Preparation {
            id: me.id,
            workers: me.workers,
            scale: me.scale,
            kind: me.jobs.first().map_or(Kind::default(), |job| job.kind),
            count: me.jobs.len(),
            list: *list,
            ring: me.trace.place(),
            origin: shared_now.saturating_sub(now.saturating_duration_since(me.trace.origin())),
            stage: stage.places(),
        };
        Ok((preparation, vec![me.trace.memory().as_fd()]))
    }

    fn unpack(preparation: Self::Preparation, files: Vec<OwnedFd>) -> io::Result<Self> {
        let Preparation { id, workers, scale, kind, count, list, ring, origin, stage } = preparation;
        let wrong = |_| io::Error::new(ErrorKind::InvalidData, "a worker is sent one open file");
        let [memory] = <[OwnedFd; 1]>::try_from(files).map_err(wrong)?;
        let memory = Arc::new(Shared::map(memory)?);
        let (now, shared_now) = now_on_both_clocks()?;
        let origin = now.checked_sub(shared_now.saturating_sub(origin)).unwrap_or(now);
        let trace = RecordRing::at(&memory, ring, id, origin)?;
        let jobs = read(&memory, list, count, kind)?;
        Ok(Self { stage: Arc::new(S::at(&memory, stage)?), me: Worker { id, workers, jobs, scale, trace }, list })
    }

    fn run(self) {
        let Self { stage, me, .. } = self;
        me.trace.record(Event::WorkerStarted);
        stage.play(&me);
        me.trace.record(Event::WorkerFinished);
    }
}
