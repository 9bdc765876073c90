//! Actors in this process: threads, and tasks of a runtime.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use crate::stage::Handle;
use crate::words::{Answer, Do};

/// The stage's end of the connection to an actor.
pub struct Local {
    commands: UnboundedSender<Do>,
    answers: Receiver<Answer>,
    /// The actor's task. `None` for a thread.
    task: Option<AbortHandle>,
    paths: Vec<String>,
}

impl Local {
    /// Starts an actor. `start` gets the actor's end of the connection, and returns its task and the paths of its threads.
    pub fn start(start: impl FnOnce(Talk) -> (Option<AbortHandle>, Vec<String>)) -> Box<dyn Handle> {
        let (commands, received) = unbounded_channel();
        let (answer, answers) = mpsc::channel();
        let talk = Talk { commands: received, answers: answer };
        talk.answer(Answer::Ready);
        let (task, paths) = start(talk);
        Box::new(Self { commands, answers, task, paths })
    }
}

impl Handle for Local {
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
        self.task.as_ref().expect("a thread can't be ended from outside").abort();
    }

    fn threads(&self) -> Vec<String> {
        self.paths.clone()
    }
}

/// The actor's end of the connection.
pub struct Talk {
    commands: UnboundedReceiver<Do>,
    answers: Sender<Answer>,
}

impl Talk {
    pub async fn listen(&mut self) -> Option<Do> {
        self.commands.recv().await
    }

    pub fn answer(&self, answer: Answer) {
        let _ = self.answers.send(answer);
    }
}

/// Returns the path of the calling thread below `/proc`.
pub fn own_path() -> String {
    #[cfg(target_os = "linux")]
    return format!("self/task/{}", nix::unistd::gettid());
    #[cfg(not(target_os = "linux"))]
    return String::new();
}
