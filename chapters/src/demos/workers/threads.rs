//! The workers of a scene as threads.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use crate::demo::Demo;
use crate::demos::worker;
use crate::record::{Event, WorkerId};
use crate::service::{Outcome, cannot_start};
use crate::trace::{Recorder, Trace};
use crate::usage::Usage;

/// A worker that is a thread.
pub type Worker = worker::Worker<Recorder>;

/// The state that the workers of a scene share.
pub trait Stage: Send + Sync + 'static {
    /// Runs one worker. Blocks until its part of the scene is over.
    fn play(&self, me: &Worker);

    /// Ends every wait that a dead worker would have ended, now and in the future.
    fn abandon(&self);
}

/// Runs the workers on `stage`. Blocks until the last worker has ended. If one panics, `perform` abandons the stage,
/// and the other workers leave.
///
/// # Errors
///
/// When a worker cannot be started, or `on_started` fails; the workers that were started leave.
pub fn perform(stage: impl Stage, demo: Demo) -> io::Result<Outcome> {
    let Demo { plan, jobs, trace, on_started } = demo;
    trace.service().record(Event::ServiceStarting);
    let stage = Arc::new(stage);
    let (ended, ends) = mpsc::channel();
    let mut handles = BTreeMap::new();
    let start = (0..plan.workers).map(WorkerId).try_for_each(|id| {
        let (workers, jobs) = (plan.workers as usize, jobs.clone());
        let me = Worker { id, workers, jobs, scale: plan.scale, trace: trace.worker(id) };
        let (stage, end) = (Arc::clone(&stage), End { worker: id, ended: ended.clone() });
        let work = move || {
            let _end = end;
            me.trace.record(Event::WorkerStarted);
            stage.play(&me);
            me.trace.record(Event::WorkerFinished);
        };
        let thread = thread::Builder::new().name(id.to_string()).spawn(work);
        handles.insert(id, thread.map_err(|error| cannot_start(id, &error))?);
        Ok(())
    });
    drop(ended);
    let result = start.and_then(|()| on_started(Box::new(|| ())));
    if result.is_err() {
        stage.abandon();
    }
    watch(&*stage, handles, &ends, &trace);
    result.map(|()| Outcome { left: 0, usage: Usage::of_this_process() })
}

/// Joins each worker when it has ended, and abandons the stage if it panicked.
fn watch(
    stage: &impl Stage,
    mut handles: BTreeMap<WorkerId, JoinHandle<()>>,
    ends: &Receiver<WorkerId>,
    trace: &Trace,
) {
    for id in ends {
        // If a thread could not be started, it doesn't have a handle.
        if handles.remove(&id).is_some_and(|worker| worker.join().is_err()) {
            trace.worker(id).record(Event::WorkerDied(None));
            stage.abandon();
        }
    }
}

/// Sends the worker's ID when the thread ends, even by a panic.
struct End {
    worker: WorkerId,
    ended: Sender<WorkerId>,
}

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.ended.send(self.worker);
    }
}
