//! Random scenarios, checked against a simple reference implementation of the subject.
//!
//! After each command, the test waits until all actors wait or have answered. The reference must be able to produce the
//! answers in some order, and must not let an actor answer that is still waiting. A failure prints the seed, and
//! `CONTRACT_SEED` repeats it.

mod models;

use std::fmt::Debug;

use chapters::random::{Random, Seed};
use models::{BarrierModel, EventModel, QueueModel, RLockModel, SemaphoreModel};
use rand::RngExt;

use super::{ANY, scenarios};
use crate::stage::{Actor, Stage};
use crate::words::{Action, Answer, Do, Subject};

scenarios! {
    ANY => any_conversation_with_a_queue, any_conversation_with_a_semaphore, any_conversation_with_an_rlock,
        any_conversation_with_an_event, any_conversation_with_a_barrier;
}

const COMMANDS: usize = 60;

/// A reference implementation. The first actor never gets a command that it may have to wait for.
trait Reference: Clone + Debug {
    /// Returns a command that makes sense for this actor now.
    fn command(&self, who: usize, random: &mut Random) -> Do;

    /// Notes that an actor has received a command that it may have to wait for.
    fn begins(&mut self, _who: usize, _told: Do) {}

    /// Executes the command of an actor, and returns the expected answer, or `None` if the actor has to wait.
    fn does(&mut self, who: usize, command: Do) -> Option<Answer>;

    /// Returns commands for actors that aren't waiting, which let those that are waiting go on.
    fn ways_out(&self) -> Vec<(usize, Do)>;
}

/// Returns one of `options`.
fn pick<T: Copy>(options: &[T], random: &mut Random) -> T {
    options[random.random_range(0..options.len())]
}

/// Returns the random numbers for this scenario, and logs the seed.
fn random(stage: &Stage) -> Random {
    let seed = std::env::var("CONTRACT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(Seed::fresh);
    stage.note(format!("CONTRACT_SEED={seed}"));
    Random::new(&seed)
}

/// A random scenario with four actors.
struct Conversation<'a, R> {
    stage: &'a Stage,
    actors: [Actor<'a>; 4],
    reference: R,
    /// The commands that haven't been answered.
    pending: [Option<Do>; 4],
}

/// Sends random commands, and then lets all actors finish.
fn converse<R: Reference>(stage: &Stage, subject: Subject, reference: R, mut random: Random) {
    let mut conversation = Conversation { stage, actors: stage.actors(subject), reference, pending: [None; 4] };
    for _ in 0..COMMANDS {
        let who = random.random_range(0..4);
        if conversation.pending[who].is_none() {
            conversation.send(who, conversation.reference.command(who, &mut random));
        }
    }
    while conversation.pending.iter().any(Option::is_some) {
        for (who, way_out) in conversation.reference.ways_out() {
            if conversation.pending[who].is_none() {
                conversation.send(who, way_out);
            }
        }
    }
}

impl<R: Reference> Conversation<'_, R> {
    /// Sends a command to an actor, and checks all answers that follow from it.
    fn send(&mut self, who: usize, what: Do) {
        self.pending[who] = Some(what);
        self.reference.begins(who, what);
        let actor = self.actors[who];
        actor.begins(what);
        // With a timeout of zero, a coroutine may still sleep for a moment, because its timer ticks in milliseconds.
        let first = gives_up_at_once(what).then(|| (actor, actor.finishes()));
        let mut answers = self.stage.answers(&self.actors);
        answers.extend(first);
        while let Some(possible) = answers.iter().position(|(actor, answer)| self.follow(*actor, answer)) {
            answers.remove(possible);
        }
        let reference = &self.reference;
        assert!(answers.is_empty(), "unexpected {answers:?}: {reference:?}\n{}", self.stage.log());
        for (who, command) in self.pending.iter().enumerate() {
            let expected = command.and_then(|command| reference.clone().does(who, command));
            let actor = self.actors[who];
            assert!(expected.is_none(), "expected {actor} to answer {expected:?}: {reference:?}\n{}", self.stage.log());
        }
    }

    /// Returns whether the reference gives the same answer now, and if so, executes the command on it.
    fn follow(&mut self, actor: Actor, answer: &Answer) -> bool {
        let who = self.actors.iter().position(|it| *it == actor).expect("one of the actors");
        let mut reference = self.reference.clone();
        let possible = self.pending[who].and_then(|command| reference.does(who, command)).as_ref() == Some(answer);
        if possible {
            self.pending[who] = None;
            self.reference = reference;
        }
        possible
    }
}

fn gives_up_at_once(command: Do) -> bool {
    matches!(command, Do::AcquireTimeout(0) | Do::WaitTimeout(0) | Do::PutTimeout(_, 0) | Do::GetTimeout(0))
}

fn any_conversation_with_a_queue(stage: &Stage) {
    let mut random = random(stage);
    let maxsize = random.random_range(0..4);
    converse(stage, Subject::Queue { maxsize }, QueueModel::new(maxsize), random);
}

fn any_conversation_with_a_semaphore(stage: &Stage) {
    let mut random = random(stage);
    let permits = random.random_range(0..4);
    converse(stage, Subject::Semaphore { permits }, SemaphoreModel::new(permits), random);
}

fn any_conversation_with_an_rlock(stage: &Stage) {
    converse(stage, Subject::RLock, RLockModel::default(), random(stage));
}

fn any_conversation_with_an_event(stage: &Stage) {
    converse(stage, Subject::Event, EventModel::default(), random(stage));
}

fn any_conversation_with_a_barrier(stage: &Stage) {
    let mut random = random(stage);
    let parties = random.random_range(2..4);
    converse(stage, Subject::Barrier { parties, action: Action::Returns }, BarrierModel::new(parties), random);
}
