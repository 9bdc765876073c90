use std::sync::Arc;

use chapters::coroutines::Event;

use crate::explore::{End, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, pause};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    Came(usize),
    Set,
    Cleared,
    TimedOut(usize),
}

#[derive(Default)]
struct Place {
    event: Event,
    notes: Notes<Note>,
}

impl Place {
    /// Whoever came before the flag was cleared has seen it set; whoever came later has not.
    fn was_true_to(&self, ends: &[End]) {
        let notes = self.notes.all();
        let at = |note| notes.iter().position(|other| *other == note);
        let (set, cleared) = (at(Note::Set).unwrap(), at(Note::Cleared).unwrap());
        for (who, end) in ends[1..].iter().enumerate() {
            let Some(came) = at(Note::Came(who)) else { continue };
            match at(Note::TimedOut(who)) {
                Some(timed_out) => assert!(timed_out < set || cleared < came, "{notes:?}"),
                None if *end == End::Done => assert!(came < cleared, "{notes:?}"),
                None if *end == End::Stuck => assert!(cleared < came, "{notes:?}"),
                None => {}
            }
        }
    }
}

fn set_and_clear(stage: &mut Stage) -> Arc<Place> {
    let place = Arc::new(Place::default());
    let setter = Arc::clone(&place);
    stage.steady(async move {
        setter.notes.add(Note::Set);
        setter.event.set();
        pause().await;
        setter.notes.add(Note::Cleared);
        setter.event.clear();
    });
    place
}

#[test]
fn wait() {
    explore("Event::wait", TWO, |stage| {
        let place = set_and_clear(stage);
        for who in 0..3 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                place.notes.add(Note::Came(who));
                place.event.wait().await;
            });
        }
        Box::new(move |ends| place.was_true_to(ends))
    });
}

#[test]
fn wait_timeout() {
    explore("Event::wait_timeout", ONE_OR_TIMEOUT, |stage| {
        let place = set_and_clear(stage);
        for who in 0..2 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                place.notes.add(Note::Came(who));
                if !place.event.wait_timeout(LONG).await {
                    place.notes.add(Note::TimedOut(who));
                }
            });
        }
        Box::new(move |ends| place.was_true_to(ends))
    });
}
