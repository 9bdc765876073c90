//! Actors that are processes.
//!
//! Forking needs a process with one thread. So each scenario has a *conductor* of its own: this program started again, to
//! play one scenario and nothing else. It starts the actors.

mod acts;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use acts::Shared;
use chapters::processes::connection::Connection;
use chapters::processes::shared::{Place, Shared as Memory};
use chapters::processes::start::{Child, Method, Process, Starter, child_main};
use clap::ValueEnum;
use libtest_mimic::Failed;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use crate::scenarios::{self, Scenario};
use crate::stage::{Line, World};
use crate::words::{Answer, Do, Subject};

/// The first argument of a conductor.
const CONDUCTOR: &str = "__conductor";
/// How many seconds a conductor has, before the system ends it.
const PATIENCE: u32 = 120;
/// How many words of memory the actors share.
const WORDS: usize = 1 << 16;

/// What this process does if it was started as an actor, a conductor or a fork server; nothing otherwise.
pub fn child() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next()? == CONDUCTOR {
        let (method, name) = (arguments.next()?, arguments.next()?);
        let method = Method::from_str(&method, false).expect("a method");
        let scenario = scenarios::all().find(|scenario| scenario.name == name).expect("a scenario");
        nix::unistd::alarm::set(PATIENCE);
        crate::play(scenario, Processes::new(method)).expect("a scenario only panics");
        return Some(ExitCode::SUCCESS);
    }
    child_main::<Actor>()
}

/// Has a conductor play the scenario.
pub fn conduct(scenario: Scenario, method: &str) -> Result<(), Failed> {
    let mut conductor = Command::new("/proc/self/exe");
    let conductor = conductor.args([CONDUCTOR, method, scenario.name]).stdin(Stdio::null()).output()?;
    if conductor.status.success() {
        return Ok(());
    }
    Err(format!("{}\n{}", conductor.status, String::from_utf8_lossy(&conductor.stderr)).into())
}

/// A world in which an actor is a process.
struct Processes {
    starter: Starter<Actor>,
}

impl Processes {
    fn new(method: Method) -> Self {
        Self { starter: Starter::new(method).expect("a way to start processes") }
    }

    /// Starts an actor. It shares what lies in `memory`, whatever the method.
    fn start_one(&self, subject: Subject, shared: &Shared, memory: &Arc<Memory>) -> io::Result<Started> {
        let (here, there) = Connection::pair()?;
        let attached = Shared::at(memory, subject, &shared.places())?;
        let actor = Actor { subject, shared: attached, memory: Arc::clone(memory), line: there };
        let process = self.starter.start(actor)?;
        Ok(Started { pid: process.pid(), process: Some(process), line: here })
    }
}

impl World for Processes {
    fn start(&mut self, subject: Subject, actors: usize) -> Vec<Box<dyn Line>> {
        let memory = Arc::new(Memory::new(WORDS).expect("memory"));
        let shared = Shared::new(&memory, subject).expect("what the actors share");
        (0..actors).map(|_| Box::new(self.start_one(subject, &shared, &memory).expect("an actor")) as _).collect()
    }
}

/// A process that acts, as it sees itself.
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
        let talk = Talk(self.line);
        talk.answer(Answer::Ready);
        acts::act(&self.shared, &talk);
    }
}

/// A process that acts, as the stage sees it.
struct Started {
    /// Until it is known to have ended.
    process: Option<Process>,
    pid: Pid,
    line: Connection,
}

impl Started {
    /// Returns when it is no more: a death is seen on the line a little before it is complete.
    fn is_gone(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
            process.wait().expect("nobody else waits for it");
        }
    }
}

impl Line for Started {
    fn tell(&mut self, what: Do) {
        // One that has died says so when it is to answer.
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

/// An actor's end of its line.
struct Talk(Connection);

impl Talk {
    fn listen(&self) -> Option<Do> {
        Some(self.0.receive().ok()??.0)
    }

    fn answer(&self, answer: Answer) {
        let _ = self.0.send(&answer, &[]);
    }
}
