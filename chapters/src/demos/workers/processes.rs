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
use crate::processes::service::record_ring::{self, Journal};
use crate::processes::shared::{LINE, Place, Shared};
use crate::processes::start::{Child, Method, Starter};
use crate::record::{Event, WorkerId};
use crate::service::{Outcome, cannot_start};
use crate::usage::Usage;

/// A worker that is a process.
pub type Worker = worker::Worker<Journal>;

/// How many words a stage may take: what is not used costs nothing.
const STAGE: usize = 1 << 18;
/// How long a thread that was joined may need until the system has forgotten it.
const LEAVING: Duration = Duration::from_secs(1);

/// What the workers of a scene share.
pub trait Stage: Send + Sync + Sized + 'static {
    /// What a process is sent to find it.
    type Places: Serialize + DeserializeOwned;

    /// Where it lies in the shared memory.
    fn places(&self) -> Self::Places;

    /// The stage that another process set.
    ///
    /// # Errors
    ///
    /// When `places` are not those of a stage.
    fn at(memory: &Arc<Shared>, places: Self::Places) -> io::Result<Self>;

    /// Plays the part of one worker. Blocks until it is over.
    fn play(&self, me: &Worker);

    /// Ends every wait that a dead worker would have ended, now and from now on.
    fn abandon(&self);
}

/// Lets the workers play on the stage that `set` sets in shared memory. Blocks until the last of them is done. If one dies,
/// the stage is abandoned, and the others leave.
///
/// # Errors
///
/// When there is no memory to share, a worker cannot be started, or `on_started` fails; the workers that were started are
/// killed.
pub fn perform<S: Stage>(
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
        let journal = Journal::new(&memory, id, trace.origin())?;
        let me = Worker { id, workers, jobs, scale: plan.scale, trace: journal.clone() };
        let process = starter.start(Actor { stage: Arc::clone(&stage), me, list });
        let process = process.map_err(|error| cannot_start(id, &error))?;
        handles.push(Watched { journal, process, trace: trace.worker(id), last: Last::default() });
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

/// Makes ready to start processes. By `fork`, that needs a process with one thread, and threads of the scene before may
/// still be on their way out.
fn starter<C: Child>(method: Method) -> io::Result<Starter<C>> {
    let begin = Instant::now();
    loop {
        match Starter::new(method) {
            Err(_) if begin.elapsed() < LEAVING => thread::sleep(Duration::from_micros(100)),
            result => return result,
        }
    }
}

/// Writes the sizes of the jobs into shared memory, since there may be more of them than a process can be sent.
fn write(memory: &Arc<Shared>, jobs: &[Job]) -> io::Result<Place> {
    let sizes = memory.at(memory.place(jobs.len().max(1))?, jobs.len().max(1))?;
    sizes.iter().zip(jobs).for_each(|(word, job)| word.store(job.size.to_bits(), Ordering::Relaxed));
    Ok(sizes.place())
}

/// Reads them again.
fn read(memory: &Arc<Shared>, place: Place, count: usize, kind: Kind) -> io::Result<Vec<Job>> {
    let sizes = memory.at(place, count.max(1))?;
    let job = |(number, size): (u64, f64)| Job { number, kind, size };
    Ok((0..).zip(sizes.iter().take(count).map(|word| f64::from_bits(word.load(Ordering::Relaxed)))).map(job).collect())
}

/// A worker and its stage: what a process becomes that is started for a scene.
pub struct Actor<S> {
    stage: Arc<S>,
    me: Worker,
    /// Where the jobs lie.
    list: Place,
}

/// What a worker is told that was not copied from a process that knows.
#[derive(Debug, Serialize, Deserialize)]
pub struct Preparation<P> {
    id: WorkerId,
    workers: usize,
    scale: f64,
    kind: Kind,
    count: usize,
    list: Place,
    journal: Place,
    /// When the scene began, on the clock that all processes share.
    origin: Duration,
    stage: P,
}

impl<S: Stage> Child for Actor<S> {
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
            journal: me.trace.place(),
            origin: shared_now.saturating_sub(now.saturating_duration_since(me.trace.origin())),
            stage: stage.places(),
        };
        Ok((preparation, vec![me.trace.memory().as_fd()]))
    }

    fn unpack(preparation: Self::Preparation, files: Vec<OwnedFd>) -> io::Result<Self> {
        let Preparation { id, workers, scale, kind, count, list, journal, origin, stage } = preparation;
        let wrong = |_| io::Error::new(ErrorKind::InvalidData, "a worker is sent one open file");
        let [memory] = <[OwnedFd; 1]>::try_from(files).map_err(wrong)?;
        let memory = Arc::new(Shared::map(memory)?);
        let (now, shared_now) = now_on_both_clocks()?;
        let origin = now.checked_sub(shared_now.saturating_sub(origin)).unwrap_or(now);
        let trace = Journal::at(&memory, journal, id, origin)?;
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
