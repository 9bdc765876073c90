//! Conversations that nobody thought of: random commands, held against a simple model of the subject.
//!
//! After each command everybody comes to rest. Whoever has answered must have had a reason to, in some order, and whoever
//! has not must have none. The seed is printed when it goes wrong, and `CONTRACT_SEED` repeats it.

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

/// What a subject should be. The first of its actors is the boss, and is never told what it may have to wait for.
trait Model: Clone + Debug {
    /// A command that makes sense for this actor now.
    fn command(&self, who: usize, random: &mut Random) -> Do;

    /// What becomes of it as soon as an actor is told this, if the actor may have to wait.
    fn begins(&mut self, _who: usize, _told: Do) {}

    /// Lets an actor do what it was told, and says what it should answer; nothing if it must wait.
    fn does(&mut self, who: usize, told: Do) -> Option<Answer>;

    /// What can be done so that nobody need wait any more, by those who do not.
    fn ways_out(&self) -> Vec<(usize, Do)>;
}

/// One of `options`.
fn pick<T: Copy>(options: &[T], random: &mut Random) -> T {
    options[random.random_range(0..options.len())]
}

/// The numbers that this conversation is made from.
fn random(stage: &Stage) -> Random {
    let seed = std::env::var("CONTRACT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(Seed::fresh);
    stage.say(format!("CONTRACT_SEED={seed}"));
    Random::new(&seed)
}

/// A conversation of four actors.
struct Conversation<'a, M> {
    stage: &'a Stage,
    actors: [Actor<'a>; 4],
    model: M,
    /// What each was told and has not answered.
    told: [Option<Do>; 4],
}

/// Holds a conversation about `subject`.
fn converse<M: Model>(stage: &Stage, subject: Subject, model: M, mut random: Random) {
    let mut conversation = Conversation { stage, actors: stage.actors(subject), model, told: [None; 4] };
    for _ in 0..COMMANDS {
        let who = random.random_range(0..4);
        if conversation.told[who].is_none() {
            conversation.tell(who, conversation.model.command(who, &mut random));
        }
    }
    while conversation.told.iter().any(Option::is_some) {
        for (who, way_out) in conversation.model.ways_out() {
            if conversation.told[who].is_none() {
                conversation.tell(who, way_out);
            }
        }
    }
}

impl<M: Model> Conversation<'_, M> {
    /// Tells an actor to do something, and holds all answers that follow from it against the model.
    fn tell(&mut self, who: usize, what: Do) {
        self.told[who] = Some(what);
        self.model.begins(who, what);
        let actor = self.actors[who];
        actor.begins(what);
        // Who gives up at once may sleep before: the clock of coroutines ticks in milliseconds.
        let first = gives_up_at_once(what).then(|| (actor, actor.finishes()));
        let mut answers = self.stage.answers(&self.actors);
        answers.extend(first);
        while let Some(reasonable) = answers.iter().position(|(actor, answer)| self.follow(*actor, answer)) {
            answers.remove(reasonable);
        }
        let model = &self.model;
        assert!(answers.is_empty(), "no reason for {answers:?}: {model:?}\n{}", self.stage.story());
        for (who, told) in self.told.iter().enumerate() {
            let should = told.and_then(|told| model.clone().does(who, told));
            let actor = self.actors[who];
            assert!(should.is_none(), "{actor} should answer {should:?}: {model:?}\n{}", self.stage.story());
        }
    }

    /// Whether the actor has a reason for its answer; if so, the model has done it too.
    fn follow(&mut self, actor: Actor, answer: &Answer) -> bool {
        let who = self.actors.iter().position(|it| *it == actor).expect("one of the actors");
        let mut model = self.model.clone();
        let reasonable = self.told[who].and_then(|told| model.does(who, told)).as_ref() == Some(answer);
        if reasonable {
            self.told[who] = None;
            self.model = model;
        }
        reasonable
    }
}

fn gives_up_at_once(told: Do) -> bool {
    matches!(told, Do::AcquireTimeout(0) | Do::WaitTimeout(0) | Do::PutTimeout(_, 0) | Do::GetTimeout(0))
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
