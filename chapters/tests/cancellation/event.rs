use std::sync::Arc;

use chapters::coroutines::Event;

use crate::explore::{End, Faults, LONG, Notes, ONE_OR_TIMEOUT, TWO, explore, pause};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Note {
    Arrived(usize),
    Set,
    Cleared,
    TimedOut(usize),
}

/// An actor sets an event and then clears it. Actors that arrived before it was cleared must have seen it set, and later
/// ones not.
fn set_and_clear(faults: Faults, waiters: usize, timed: bool) {
    explore(faults, |stage| {
        let shared = Arc::new((Event::new(), Notes::default()));
        stage.actors(waiters, &shared, move |shared, who| async move {
            let (event, notes) = &*shared;
            notes.add(Note::Arrived(who));
            if !timed {
                event.wait().await;
            } else if !event.wait_timeout(LONG).await {
                notes.add(Note::TimedOut(who));
            }
        });
        stage.steady(&shared, |setter| async move {
            setter.1.add(Note::Set);
            setter.0.set();
            pause().await;
            setter.1.add(Note::Cleared);
            setter.0.clear();
        });
        Box::new(move |ends| {
            let notes = shared.1.all();
            let at = |note| notes.iter().position(|other| *other == note);
            let (set, cleared) = (at(Note::Set).unwrap(), at(Note::Cleared).unwrap());
            for (who, end) in ends[..waiters].iter().enumerate() {
                let Some(arrived) = at(Note::Arrived(who)) else { continue };
                match (end, at(Note::TimedOut(who))) {
                    (_, Some(timed_out)) => assert!(timed_out < set || cleared < arrived, "{notes:?}"),
                    (End::Done, None) => assert!(arrived < cleared, "{notes:?}"),
                    (End::Stuck, None) => assert!(cleared < arrived, "{notes:?}"),
                    (End::Cancelled, None) => {}
                }
            }
        })
    });
}

#[test]
fn wait() {
    set_and_clear(TWO, 3, false);
}

#[test]
fn wait_timeout() {
    set_and_clear(ONE_OR_TIMEOUT, 2, true);
}
