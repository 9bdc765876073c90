//! Actors that are threads.

mod acts;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use acts::{Shared, act};
use futures::executor::block_on;

use crate::stage::{Handle, Model};
use crate::words::{Answer, Do, Subject};

/// The model in which an actor is a thread.
pub struct Threads;

impl Model for Threads {
    fn start(&mut self, subject: Subject, actors: usize) -> Vec<Box<dyn Handle>> {
        let shared = Arc::new(Shared::new(subject));
        (0..actors).map(|_| Box::new(Thread::start(Arc::clone(&shared))) as _).collect()
    }
}

/// The stage's end of the connection to a thread.
struct Thread {
    commands: Sender<Do>,
    answers: Receiver<Answer>,
    path: String,
}

impl Thread {
    fn start(shared: Arc<Shared>) -> Self {
        let (commands, received) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let (path, its_path) = mpsc::channel();
        thread::spawn(move || {
            let _ = path.send(own_path());
            let mut talk = Talk { commands: received, answers: answer };
            talk.answer(Answer::Ready);
            block_on(act(&shared, &mut talk));
        });
        Self { commands, answers, path: its_path.recv().expect("the thread sends its path") }
    }
}

impl Handle for Thread {
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
        panic!("a thread can't be ended from outside");
    }

    fn threads(&self) -> Vec<String> {
        vec![self.path.clone()]
    }
}

/// Returns the path of the calling thread below `/proc`.
pub fn own_path() -> String {
    #[cfg(target_os = "linux")]
    return format!("self/task/{}", nix::unistd::gettid());
    #[cfg(not(target_os = "linux"))]
    return String::new();
}

/// The actor's end of the connection.
struct Talk {
    commands: Receiver<Do>,
    answers: Sender<Answer>,
}

impl Talk {
    fn listen(&self) -> Option<Do> {
        self.commands.recv().ok()
    }

    fn answer(&self, answer: Answer) {
        let _ = self.answers.send(answer);
    }
}
