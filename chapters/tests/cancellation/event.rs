use std::sync::Arc;

use chapters::coroutines::Event;

use crate::explore::{End, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, pause};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    Arrived(usize),
    Set,
    Cleared,
    TimedOut(usize),
}

#[derive(Default)]
struct Shared {
    event: Event,
    notes: Notes<Note>,
}

impl Shared {
    /// Checks that actors that arrived before the flag was cleared have seen it set, and that later ones haven't.
    fn check(&self, ends: &[End]) {
        let notes = self.notes.all();
        let at = |note| notes.iter().position(|other| *other == note);
        let (set, cleared) = (at(Note::Set).unwrap(), at(Note::Cleared).unwrap());
        for (who, end) in ends[1..].iter().enumerate() {
            let Some(arrived) = at(Note::Arrived(who)) else { continue };
            match at(Note::TimedOut(who)) {
                Some(timed_out) => assert!(timed_out < set || cleared < arrived, "{notes:?}"),
                None if *end == End::Done => assert!(arrived < cleared, "{notes:?}"),
                None if *end == End::Stuck => assert!(cleared < arrived, "{notes:?}"),
                None => {}
            }
        }
    }
}

fn set_and_clear(stage: &mut Stage) -> Arc<Shared> {
    let shared = Arc::new(Shared::default());
    stage.steady(&shared, |setter| async move {
        setter.notes.add(Note::Set);
        setter.event.set();
        pause().await;
        setter.notes.add(Note::Cleared);
        setter.event.clear();
    });
    shared
}

#[test]
fn wait() {
    explore("Event::wait", TWO, |stage| {
        let shared = set_and_clear(stage);
        stage.actors(3, &shared, |shared, who| async move {
            shared.notes.add(Note::Arrived(who));
            shared.event.wait().await;
        });
        Box::new(move |ends| shared.check(ends))
    });
}

#[test]
fn wait_timeout() {
    explore("Event::wait_timeout", ONE_OR_TIMEOUT, |stage| {
        let shared = set_and_clear(stage);
        stage.actors(2, &shared, |shared, who| async move {
            shared.notes.add(Note::Arrived(who));
            if !shared.event.wait_timeout(LONG).await {
                shared.notes.add(Note::TimedOut(who));
            }
        });
        Box::new(move |ends| shared.check(ends))
    });
}
