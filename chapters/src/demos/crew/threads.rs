//! The workers of a scene as threads.

use std::io;
use std::sync::Arc;
use std::thread;

use crate::demo::{Demo, Stopped, cannot_start};
use crate::demos::worker;
use crate::trace::{Event, Recorder, WorkerId};
use crate::usage::Usage;

/// A worker that is a thread.
pub type Worker = worker::Worker<Recorder>;

/// What the workers of a scene share.
pub trait Stage: Send + Sync + 'static {
    /// Plays the part of one worker. Blocks until it is over.
    fn play(&self, me: &Worker);
}

/// Lets the workers play on `stage`. Blocks until the last of them is done.
///
/// # Errors
///
/// When a worker cannot be started, or `started` fails.
pub fn perform(stage: impl Stage, demo: Demo) -> io::Result<Stopped> {
    let Demo { plan, jobs, trace, started } = demo;
    trace.service().record(Event::ServiceStarting);
    let stage = Arc::new(stage);
    let mut crew = Vec::new();
    for id in (0..plan.workers).map(WorkerId) {
        let (workers, jobs) = (plan.workers as usize, jobs.clone());
        let me = Worker { id, workers, jobs, scale: plan.scale, trace: trace.worker(id) };
        let stage = Arc::clone(&stage);
        let work = move || {
            me.trace.record(Event::WorkerStarted);
            stage.play(&me);
            me.trace.record(Event::WorkerFinished);
        };
        let thread = thread::Builder::new().name(id.to_string()).spawn(work);
        crew.push((id, thread.map_err(|error| cannot_start(id, &error))?));
    }
    started(Box::new(|| ()))?;
    for (id, worker) in crew {
        if worker.join().is_err() {
            trace.worker(id).record(Event::WorkerDied(None));
        }
    }
    Ok(Stopped { left: 0, usage: Usage::of_this_process() })
}
