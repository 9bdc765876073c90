//! Actors that are coroutines: tasks of a runtime that has threads of its own.

mod acts;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use acts::{Shared, act};
use chapters::coroutines::Runtime;
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::stage::{Handle, Model};
use crate::threads::own_path;
use crate::words::{Answer, Do, Subject};

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
        (0..actors).map(|_| Box::new(self.start_one(Arc::clone(&shared))) as _).collect()
    }
}

impl Coroutines {
    fn start_one(&self, shared: Arc<Shared>) -> Task {
        let (commands, received) = unbounded_channel();
        let (answer, answers) = mpsc::channel();
        let acting = async move {
            let mut talk = Talk { commands: received, answers: answer };
            talk.answer(Answer::Ready);
            act(&shared, &mut talk).await;
        };
        let task = self.handle.spawn(acting);
        Task { commands, answers, abort: task.abort_handle(), paths: self.paths.clone() }
    }
}

/// The stage's end of the connection to a task.
struct Task {
    commands: UnboundedSender<Do>,
    answers: Receiver<Answer>,
    abort: AbortHandle,
    paths: Vec<String>,
}

impl Handle for Task {
    fn send(&mut self, what: Do) {
        // If the actor has ended, `answer` reports it.
        let _ = self.commands.send(what);
    }

    fn answer(&mut self, limit: Duration) -> Option<Answer> {
        match self.answers.recv_timeout(limit) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Answer::Died),
        }
    }

    fn end(&mut self) {
        self.abort.abort();
    }

    fn threads(&self) -> Vec<String> {
        self.paths.clone()
    }
}

/// The actor's end of the connection.
struct Talk {
    commands: UnboundedReceiver<Do>,
    answers: Sender<Answer>,
}

impl Talk {
    async fn listen(&mut self) -> Option<Do> {
        self.commands.recv().await
    }

    fn answer(&self, answer: Answer) {
        let _ = self.answers.send(answer);
    }
}
