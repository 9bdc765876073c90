//! The workers of a scene as coroutines.

use std::io;
use std::sync::Arc;

use tokio::task;

use crate::coroutines::Runtime;
use crate::demo::{Demo, Stopped};
use crate::demos::worker;
use crate::trace::{Event, Recorder, WorkerId};
use crate::usage::Usage;

/// A worker that is a coroutine.
pub type Worker = worker::Worker<Recorder>;

/// What the workers of a scene share.
pub trait Stage: Send + Sync + 'static {
    /// Plays the part of one worker.
    fn play(&self, me: &Worker) -> impl Future<Output = ()> + Send;
}

/// Lets the workers play on `stage`. Blocks until the last of them is done.
///
/// # Errors
///
/// When the runtime cannot be built, or `started` fails.
pub fn perform(runtime: Runtime, stage: impl Stage, demo: Demo) -> io::Result<Stopped> {
    runtime.build()?.block_on(async {
        let Demo { plan, jobs, trace, started } = demo;
        trace.service().record(Event::ServiceStarting);
        let stage = Arc::new(stage);
        let mut crew = Vec::new();
        for id in (0..plan.workers).map(WorkerId) {
            let (workers, jobs) = (plan.workers as usize, jobs.clone());
            let me = Worker { id, workers, jobs, scale: plan.scale, trace: trace.worker(id) };
            let stage = Arc::clone(&stage);
            let work = async move {
                me.trace.record(Event::WorkerStarted);
                stage.play(&me).await;
                me.trace.record(Event::WorkerFinished);
            };
            crew.push((id, task::spawn(work)));
        }
        started(Box::new(|| ()))?;
        for (id, worker) in crew {
            if worker.await.is_err() {
                trace.worker(id).record(Event::WorkerDied(None));
            }
        }
        Ok(Stopped { left: 0, usage: Usage::of_this_process() })
    })
}
