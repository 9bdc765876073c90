//! The workers of a scene as coroutines.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::coroutines::Runtime;
use crate::demo::Demo;
use crate::demos::worker;
use crate::record::{Event, WorkerId};
use crate::service::Outcome;
use crate::trace::Recorder;
use crate::usage::Usage;

/// A worker that is a coroutine.
pub type Worker = worker::Worker<Recorder>;

/// The state that the workers of a scene share.
pub trait Stage: Send + Sync + 'static {
    /// Runs one worker until its part of the scene is over.
    fn play(&self, me: &Worker) -> impl Future<Output = ()> + Send;

    /// Ends every wait that a dead worker would have ended, now and in the future.
    fn abandon(&self) -> impl Future<Output = ()> + Send;
}

/// Runs the workers on `stage`. Blocks until the last worker has ended. If one panics, `perform` abandons the stage,
/// and the other workers leave.
///
/// # Errors
///
/// When the runtime cannot be built, or `on_started` fails; the workers that were started are canceled.
pub fn perform(runtime: Runtime, stage: impl Stage, demo: Demo) -> io::Result<Outcome> {
    runtime.build()?.block_on(async {
        let Demo { plan, jobs, trace, on_started } = demo;
        trace.service().record(Event::ServiceStarting);
        let stage = Arc::new(stage);
        let (mut handles, mut ids) = (JoinSet::new(), HashMap::new());
        for id in (0..plan.workers).map(WorkerId) {
            let (workers, jobs) = (plan.workers as usize, jobs.clone());
            let me = Worker { id, workers, jobs, scale: plan.scale, trace: trace.worker(id) };
            let stage = Arc::clone(&stage);
            let work = async move {
                me.trace.record(Event::WorkerStarted);
                stage.play(&me).await;
                me.trace.record(Event::WorkerFinished);
            };
            ids.insert(handles.spawn(work).id(), id);
        }
        on_started(Box::new(|| ()))?;
        while let Some(ended) = handles.join_next_with_id().await {
            if let Err(panic) = ended {
                trace.worker(ids[&panic.id()]).record(Event::WorkerDied(None));
                stage.abandon().await;
            }
        }
        Ok(Outcome { left: 0, usage: Usage::of_this_process() })
    })
}
