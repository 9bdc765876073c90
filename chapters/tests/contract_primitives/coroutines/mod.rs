//! Actors that are coroutines: tasks of a runtime that has threads of its own.

mod acts;

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use acts::{Shared, act};
use chapters::coroutines::Runtime;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::local::{Local, own_path};
use crate::stage::{Handle, Model};
use crate::words::Subject;

/// The model in which an actor is a task.
pub struct Coroutines {
    handle: runtime::Handle,
    paths: Vec<String>,
    /// The runtime ends when this is dropped.
    _end: oneshot::Sender<()>,
}

impl Coroutines {
    /// Builds the runtime as [`Runtime::build`] does, and finds out the paths of its threads.
    pub fn new(runtime: Runtime) -> Self {
        let (workers, mut builder) = match runtime {
            Runtime::CurrentThread => (0, runtime::Builder::new_current_thread()),
            Runtime::MultiThread => (2, runtime::Builder::new_multi_thread()),
        };
        let (path, paths) = mpsc::channel();
        let its_path = path.clone();
        builder.enable_time().on_thread_start(move || _ = its_path.send(own_path()));
        if workers > 0 {
            builder.worker_threads(workers);
        }
        let runtime = builder.build().expect("a runtime");
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        thread::spawn(move || {
            let _ = path.send(own_path());
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        });
        let paths = (0..=workers).map(|_| paths.recv().expect("each thread sends its path")).collect();
        Self { handle, paths, _end: end }
    }
}

impl Model for Coroutines {
    fn start(&mut self, subject: Subject, actors: usize) -> Vec<Box<dyn Handle>> {
        let shared = Arc::new(Shared::new(subject));
        (0..actors).map(|_| self.start_one(Arc::clone(&shared))).collect()
    }
}

impl Coroutines {
    fn start_one(&self, shared: Arc<Shared>) -> Box<dyn Handle> {
        Local::start(|mut talk| {
            let task = self.handle.spawn(async move { act(&shared, &mut talk).await });
            (Some(task.abort_handle()), self.paths.clone())
        })
    }
}
