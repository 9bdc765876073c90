//! Actors that are processes.
//!
//! Only a process with a single thread can fork safely. So for each scenario, the test program starts itself again as a
//! *controller*, a process that runs one scenario and starts its actors.

mod acts;
#[path = "../../common/again.rs"]
mod again;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use acts::Shared;
use again::run_again;
use chapters::processes::connection::Connection;
use chapters::processes::shared::{Place, Shared as Memory};
use chapters::processes::start::{Child, Method, Process, Starter, child_main};
use clap::ValueEnum;
use futures::executor::block_on;
use libtest_mimic::Failed;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use crate::scenarios::{self, Scenario};
use crate::stage::{Handle, Model};
use crate::words::{Answer, Do, Subject};

/// The first argument of a controller.
const CONTROLLER: &str = "__controller";
/// The time limit of a controller.
const TIMEOUT: Duration = Duration::from_secs(300);
/// The number of words of shared memory.
const WORDS: usize = 1 << 16;

/// Runs this process as an actor, a controller or a fork server if it was started as one, and returns `None` otherwise.
pub fn child() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next()? == CONTROLLER {
        let (method, name) = (arguments.next()?, arguments.next()?);
        let method = Method::from_str(&method, false).expect("a method");
        let scenario = scenarios::all().find(|scenario| scenario.name == name).expect("a scenario");
        crate::play(scenario, Processes::new(method)).expect("a scenario only panics");
        return Some(ExitCode::SUCCESS);
    }
    child_main::<Actor>()
}

/// Runs the scenario in a controller.
pub fn control(scenario: Scenario, method: &str) -> Result<(), Failed> {
    run_again(&[CONTROLLER, method, scenario.name], TIMEOUT, |_| {}).map(drop)
}

/// The model in which an actor is a process.
struct Processes {
    starter: Starter<Actor>,
}

impl Processes {
    fn new(method: Method) -> Self {
        Self { starter: Starter::new(method).expect("a way to start processes") }
    }

    /// Starts an actor, which shares `memory` whatever the start method is.
    fn start_one(&self, subject: Subject, shared: &Shared, memory: &Arc<Memory>) -> io::Result<Started> {
        let (here, there) = Connection::pair()?;
        let attached = Shared::at(memory, subject, &shared.places())?;
        let actor = Actor { subject, shared: attached, memory: Arc::clone(memory), line: there };
        let process = self.starter.start(actor)?;
        Ok(Started { pid: process.pid(), process: Some(process), line: here })
    }
}

impl Model for Processes {
    fn start(&mut self, subject: Subject, actors: usize) -> Vec<Box<dyn Handle>> {
        let memory = Arc::new(Memory::new(WORDS).expect("memory"));
        let shared = Shared::new(&memory, subject).expect("what the actors share");
        (0..actors).map(|_| Box::new(self.start_one(subject, &shared, &memory).expect("an actor")) as _).collect()
    }
}

/// The state of an actor in its own process.
struct Actor {
    subject: Subject,
    shared: Shared,
    memory: Arc<Memory>,
    line: Connection,
}

impl Child for Actor {
    type Preparation = (Subject, Vec<Place>);

    fn pack(&self) -> io::Result<(Self::Preparation, Vec<BorrowedFd<'_>>)> {
        Ok(((self.subject, self.shared.places()), vec![self.memory.as_fd(), self.line.as_fd()]))
    }

    fn unpack((subject, places): Self::Preparation, mut files: Vec<OwnedFd>) -> io::Result<Self> {
        let memory = Arc::new(Memory::map(files.remove(0))?);
        let line = Connection::from(files.remove(0));
        Ok(Self { subject, shared: Shared::at(&memory, subject, &places)?, memory, line })
    }

    fn run(self) {
        let mut talk = Talk(self.line);
        talk.answer(Answer::Ready);
        block_on(acts::act(&self.shared, &mut talk));
    }
}

/// The stage's end of the connection to a process.
struct Started {
    /// `None` when it is known to have ended.
    process: Option<Process>,
    pid: Pid,
    line: Connection,
}

impl Started {
    /// Waits for the end of the process. Its end of the connection is closed a moment before.
    fn is_gone(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
            process.wait().expect("nobody else waits for it");
        }
    }
}

impl Handle for Started {
    fn send(&mut self, what: Do) {
        // If the actor has ended, `answer` reports it.
        let _ = self.line.send(&what, &[]);
    }

    fn answer(&mut self, limit: Duration) -> Option<Answer> {
        let mut end = [PollFd::new(self.line.as_fd(), PollFlags::POLLIN)];
        let limit = PollTimeout::try_from(limit).expect("a limit that the system can count");
        if poll(&mut end, limit).expect("a socket") == 0 {
            return None;
        }
        match self.line.receive() {
            Ok(Some((answer, _))) => Some(answer),
            Ok(None) | Err(_) => {
                self.is_gone();
                Some(Answer::Died)
            }
        }
    }

    fn end(&mut self) {
        self.is_gone();
    }

    fn threads(&self) -> Vec<String> {
        vec![format!("{0}/task/{0}", self.pid)]
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.is_gone();
    }
}

/// The actor's end of the connection.
struct Talk(Connection);

impl Talk {
    async fn listen(&self) -> Option<Do> {
        Some(self.0.receive().ok()??.0)
    }

    fn answer(&self, answer: Answer) {
        let _ = self.0.send(&answer, &[]);
    }
}
