//! The stage: actors that share a subject, and a log of the conversation with them, which a failure prints.

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

use crate::settled;
use crate::words::{Answer, Do, Subject};

/// How long an actor may take to answer. An actor that takes longer hangs.
pub const TIMEOUT: Duration = Duration::from_secs(90);

/// A timeout that must not expire: [`Duration::MAX`], which is later than any clock can count.
pub const LONG: u64 = u64::MAX;

/// The timeout of a command, which is in milliseconds unless it's [`LONG`].
pub fn millis(timeout: u64) -> Duration {
    if timeout == LONG { Duration::MAX } else { Duration::from_millis(timeout) }
}

/// The names of the actors in the log.
const NAMES: [&str; 6] = ["Ann", "Bob", "Cid", "Dee", "Eve", "Fay"];

/// A model of concurrency, which can start actors.
pub trait Model {
    /// Starts actors that share a new subject.
    fn start(&mut self, subject: Subject, actors: usize) -> Vec<Box<dyn Handle>>;
}

/// The stage's end of the connection to an actor.
pub trait Handle {
    /// Sends a command.
    fn send(&mut self, what: Do);

    /// Returns its answer, or `None` if there is none before `limit` has passed.
    fn answer(&mut self, limit: Duration) -> Option<Answer>;

    /// Ends the actor, whatever it is doing: kills a process, and aborts a task. Threads can't be ended.
    fn end(&mut self);

    /// Returns the threads that are all asleep when the actor waits, as paths below `/proc`.
    fn threads(&self) -> Vec<String>;
}

/// The place where a scenario runs.
pub struct Stage {
    /// Dropped before the model, which may wait for the end of the actors.
    roles: RefCell<Vec<Role>>,
    model: RefCell<Box<dyn Model>>,
    log: RefCell<Vec<String>>,
}

struct Role {
    name: &'static str,
    handle: Box<dyn Handle>,
    /// The command that it hasn't answered yet.
    command: Option<Do>,
    dead: bool,
}

impl Stage {
    pub fn new(model: Box<dyn Model>) -> Self {
        Self { model: RefCell::new(model), roles: RefCell::default(), log: RefCell::default() }
    }

    /// Starts actors that share a new subject.
    #[track_caller]
    pub fn actors<const N: usize>(&self, subject: Subject) -> [Actor<'_>; N] {
        self.note(format!("{N} actors share {subject:?}"));
        let mut roles = self.roles.borrow_mut();
        let first = roles.len();
        for (mut handle, name) in self.model.borrow_mut().start(subject, N).into_iter().zip(NAMES) {
            let ready = handle.answer(TIMEOUT);
            assert_eq!(ready, Some(Answer::Ready), "an actor doesn't start");
            roles.push(Role { name, handle, command: None, dead: false });
        }
        std::array::from_fn(|number| Actor { stage: self, number: first + number, name: NAMES[number] })
    }

    /// Returns the log of the conversation.
    pub fn log(&self) -> String {
        format!("  {}", self.log.borrow().join("\n  "))
    }

    /// Adds a line to the log.
    fn note(&self, line: String) {
        self.log.borrow_mut().push(line);
    }

    /// Waits until all actors that haven't answered are waiting, so that only another command or a timeout can end it.
    #[track_caller]
    fn settle(&self) {
        let roles = self.roles.borrow();
        let threads: Vec<String> =
            roles.iter().filter(|role| !role.dead).flat_map(|role| role.handle.threads()).collect();
        if !settled::settle(&threads, TIMEOUT) {
            self.fail("the actors don't all wait");
        }
    }

    /// Waits until all actors wait or have answered. Checks that exactly `count` of `actors` answer, each with `wanted`, and
    /// returns those.
    #[track_caller]
    pub fn exactly<'a>(&self, count: usize, actors: &[Actor<'a>], wanted: Answer) -> Vec<Actor<'a>> {
        self.settle();
        let busy = actors.iter().filter(|actor| self.roles.borrow()[actor.number].command.is_some());
        let answers: Vec<_> =
            busy.filter_map(|actor| actor.receive(Duration::ZERO).map(|answer| (*actor, answer))).collect();
        if answers.len() != count || answers.iter().any(|(_, answer)| *answer != wanted) {
            self.fail(&format!("expected exactly {count} of {actors:?} to answer {wanted:?}"));
        }
        answers.into_iter().map(|(actor, _)| actor).collect()
    }

    /// Checks that exactly one of the actors answers, with `wanted`, and returns it.
    #[track_caller]
    pub fn one<'a>(&self, actors: &[Actor<'a>], wanted: Answer) -> Actor<'a> {
        self.exactly(1, actors, wanted)[0]
    }

    /// Ends the scenario, and checks that no actor is still waiting.
    #[track_caller]
    pub fn ends(self) {
        for role in self.roles.borrow().iter() {
            if let Some(command) = role.command {
                self.fail(&format!("the scenario ends while {} is busy with {command:?}", role.name));
            }
        }
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("{what}\n{}", self.log())
    }
}

/// An actor on a stage.
#[derive(Clone, Copy)]
pub struct Actor<'a> {
    stage: &'a Stage,
    number: usize,
    name: &'static str,
}

impl Actor<'_> {
    /// Sends a command, and checks the answer.
    #[track_caller]
    pub fn does(self, what: Do, wanted: Answer) {
        self.begins(what);
        self.answers(wanted);
    }

    /// Sends a command, and doesn't wait for the answer.
    #[track_caller]
    pub fn begins(self, what: Do) {
        self.stage.note(format!("{self}: {what:?}"));
        let mut roles = self.stage.roles.borrow_mut();
        let role = &mut roles[self.number];
        assert_eq!((role.command, role.dead), (None, false), "{self} can't receive {what:?} now");
        role.command = Some(what);
        role.handle.send(what);
    }

    /// Sends a command that the actor has to wait for, and returns when it is waiting.
    #[track_caller]
    pub fn must_wait(self, what: Do) {
        self.begins(what);
        self.waits();
    }

    /// Checks that the actor is still waiting.
    #[track_caller]
    pub fn waits(self) {
        self.stage.settle();
        if self.receive(Duration::ZERO).is_some() {
            self.stage.fail(&format!("{self} doesn't wait"));
        }
    }

    /// Waits for the answer, and checks it.
    #[track_caller]
    pub fn answers(self, wanted: Answer) {
        if self.finishes() != wanted {
            self.stage.fail(&format!("expected {self} to answer {wanted:?}"));
        }
    }

    /// Waits for the answer, and returns it.
    #[track_caller]
    pub fn finishes(self) -> Answer {
        let Some(answer) = self.receive(TIMEOUT) else {
            self.stage.fail(&format!("{self} doesn't answer within {TIMEOUT:?}"));
        };
        answer
    }

    /// Sends a command that times out after `timeout` milliseconds, and checks that it isn't answered earlier.
    #[track_caller]
    pub fn times_out(self, timeout: u64, what: Do, wanted: Answer) {
        let begin = Instant::now();
        self.does(what, wanted);
        let waited = begin.elapsed();
        if waited < Duration::from_millis(timeout) {
            self.stage.fail(&format!("{self} gave up after {waited:?}"));
        }
    }

    /// Ends the actor from outside, whatever it is doing.
    #[track_caller]
    pub fn is_ended(self) {
        self.stage.note(format!("{self} is ended"));
        self.stage.roles.borrow_mut()[self.number].handle.end();
        self.answers(Answer::Died);
    }

    #[track_caller]
    fn receive(self, limit: Duration) -> Option<Answer> {
        let mut roles = self.stage.roles.borrow_mut();
        let role = &mut roles[self.number];
        let answer = role.handle.answer(limit)?;
        role.command = None;
        role.dead = answer == Answer::Died;
        self.stage.note(format!("{self} answers {answer:?}"));
        Some(answer)
    }
}

impl PartialEq for Actor<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl fmt::Display for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
