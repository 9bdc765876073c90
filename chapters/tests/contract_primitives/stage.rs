//! The stage: actors that share a subject, and a conversation with them that says what was said when it goes wrong.

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

use crate::settled;
use crate::words::{Answer, Do, Subject};

/// What does not come in this time does not come.
pub const LIMIT: Duration = Duration::from_secs(30);

/// The same in milliseconds, for a timeout that must not pass.
pub const LONG: u64 = 30_000;

/// Actors are called by names, so that a failure can be read.
const NAMES: [&str; 8] = ["Ann", "Bob", "Cid", "Dee", "Eve", "Fay", "Gus", "Hal"];

/// One of the worlds: it can start actors.
pub trait World {
    /// Starts actors that share a new subject.
    fn start(&mut self, subject: Subject, actors: usize) -> Vec<Box<dyn Line>>;
}

/// A line to an actor.
pub trait Line {
    /// Tells it what to do.
    fn tell(&mut self, what: Do);

    /// Its answer, if one comes before `limit` has passed.
    fn answer(&mut self, limit: Duration) -> Option<Answer>;

    /// Ends it, whatever it is doing, as far as the world can: a process is killed, a task is aborted.
    fn end(&mut self);

    /// The threads that must sleep for it to be asleep, as paths below `/proc`.
    fn threads(&self) -> Vec<String>;
}

/// Where one scenario is played.
pub struct Stage {
    /// Dropped before the world, which may wait for the end of the actors.
    cast: RefCell<Vec<Role>>,
    world: RefCell<Box<dyn World>>,
    said: RefCell<Vec<String>>,
}

struct Role {
    line: Box<dyn Line>,
    /// What it was told and has not answered yet.
    told: Option<(Do, Instant)>,
    dead: bool,
}

impl Stage {
    pub fn new(world: Box<dyn World>) -> Self {
        Self { world: RefCell::new(world), cast: RefCell::default(), said: RefCell::default() }
    }

    /// Brings actors onto the stage that share `subject`.
    #[track_caller]
    pub fn actors<const N: usize>(&self, subject: Subject) -> [Actor<'_>; N] {
        self.say(format!("{N} actors share {subject:?}"));
        let mut cast = self.cast.borrow_mut();
        let first = cast.len();
        for mut line in self.world.borrow_mut().start(subject, N) {
            let ready = line.answer(LIMIT);
            assert_eq!(ready, Some(Answer::Ready), "an actor does not come onto the stage");
            cast.push(Role { line, told: None, dead: false });
        }
        std::array::from_fn(|number| Actor { stage: self, number: first + number })
    }

    /// What was said so far.
    pub fn story(&self) -> String {
        format!("  {}", self.said.borrow().join("\n  "))
    }

    /// Takes a note that is printed if the scenario fails.
    pub fn say(&self, what: String) {
        self.said.borrow_mut().push(what);
    }

    /// Returns when everybody who has not answered waits, and nothing is on the way that could end the waiting, other
    /// than a timeout.
    #[track_caller]
    pub fn settle(&self) {
        let cast = self.cast.borrow();
        let threads: Vec<String> = cast.iter().filter(|role| !role.dead).flat_map(|role| role.line.threads()).collect();
        if !settled::settle(&threads, LIMIT) {
            self.fail("the actors do not come to rest");
        }
    }

    /// Everybody among `actors` who has answered once all have come to rest, with what they answered.
    #[track_caller]
    pub fn answers<'a>(&self, actors: &[Actor<'a>]) -> Vec<(Actor<'a>, Answer)> {
        self.settle();
        let owing = actors.iter().filter(|actor| self.cast.borrow()[actor.number].told.is_some());
        owing.filter_map(|actor| actor.hear(Duration::ZERO).map(|answer| (*actor, answer))).collect()
    }

    /// Holds `actors` to it that exactly `count` of them answer, all of them with `wanted`, and gives those.
    #[track_caller]
    pub fn exactly<'a>(&self, count: usize, actors: &[Actor<'a>], wanted: Answer) -> Vec<Actor<'a>> {
        let answers = self.answers(actors);
        if answers.len() != count || answers.iter().any(|(_, answer)| *answer != wanted) {
            self.fail(&format!("not exactly {count} of {actors:?} answer {wanted:?}"));
        }
        answers.into_iter().map(|(actor, _)| actor).collect()
    }

    /// As [`exactly`](Self::exactly), of one.
    #[track_caller]
    pub fn one<'a>(&self, actors: &[Actor<'a>], wanted: Answer) -> Actor<'a> {
        self.exactly(1, actors, wanted)[0]
    }

    /// The end: nobody may be left who still waits.
    #[track_caller]
    pub fn ends(self) {
        for (number, role) in self.cast.borrow().iter().enumerate() {
            if let Some((told, _)) = role.told {
                self.fail(&format!("the scenario ends, and {} still does {told:?}", NAMES[number]));
            }
        }
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("{what}\n{}", self.story())
    }
}

/// An actor on a stage.
#[derive(Clone, Copy)]
pub struct Actor<'a> {
    stage: &'a Stage,
    number: usize,
}

impl Actor<'_> {
    /// Tells it to do something, and holds it to the answer.
    #[track_caller]
    pub fn does(self, what: Do, wanted: Answer) {
        self.begins(what);
        self.answers(wanted);
    }

    /// Tells it to do something, and does not wait.
    #[track_caller]
    pub fn begins(self, what: Do) {
        self.stage.say(format!("{self} is told {what:?}"));
        let mut cast = self.stage.cast.borrow_mut();
        let role = &mut cast[self.number];
        assert_eq!((role.told, role.dead), (None, false), "{self} is told {what:?} and cannot listen");
        role.told = Some((what, Instant::now()));
        role.line.tell(what);
    }

    /// Tells it to do something that it must wait for, and returns when it waits.
    #[track_caller]
    pub fn must_wait(self, what: Do) {
        self.begins(what);
        self.waits();
    }

    /// Holds it to waiting, still.
    #[track_caller]
    pub fn waits(self) {
        self.stage.settle();
        if self.hear(Duration::ZERO).is_some() {
            self.stage.fail(&format!("{self} does not wait"));
        }
    }

    /// Waits for the answer that it owes, and holds it to it.
    #[track_caller]
    pub fn answers(self, wanted: Answer) {
        if self.finishes() != wanted {
            self.stage.fail(&format!("{self} does not answer {wanted:?}"));
        }
    }

    /// Waits for the answer that it owes.
    #[track_caller]
    pub fn finishes(self) -> Answer {
        let Some(answer) = self.hear(LIMIT) else {
            self.stage.fail(&format!("{self} does not answer within {LIMIT:?}"));
        };
        answer
    }

    /// Tells it to do something that times out after `timeout` milliseconds, and holds it to waiting so long.
    #[track_caller]
    pub fn times_out(self, timeout: u64, what: Do, wanted: Answer) {
        let begin = Instant::now();
        self.does(what, wanted);
        let waited = begin.elapsed();
        if waited < Duration::from_millis(timeout) {
            self.stage.fail(&format!("{self} gave up after {waited:?}"));
        }
    }

    /// Ends it from outside, whatever it is doing.
    #[track_caller]
    pub fn is_ended(self) {
        self.stage.say(format!("{self} is ended"));
        self.stage.cast.borrow_mut()[self.number].line.end();
        self.answers(Answer::Died);
    }

    #[track_caller]
    fn hear(self, limit: Duration) -> Option<Answer> {
        let mut cast = self.stage.cast.borrow_mut();
        let role = &mut cast[self.number];
        let answer = role.line.answer(limit)?;
        role.told = None;
        role.dead = answer == Answer::Died;
        self.stage.say(format!("{self} answers {answer:?}"));
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
        f.write_str(NAMES[self.number])
    }
}

impl fmt::Debug for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
