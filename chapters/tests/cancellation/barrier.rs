use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chapters::coroutines::Barrier;
use chapters::errors::Broken;
use futures::FutureExt;

use crate::explore::{End, Faults, LONG, Notes, ONE_OR_TIMEOUT, TWO, count, explore, none_is_stuck, now, pause};

/// Actors arrive at a barrier for `parties`, and another one may disturb it. `breaks` says whether that breaks it.
fn arrive(faults: Faults, actors: usize, parties: usize, timed: bool, disturb: Option<fn(&Barrier)>, breaks: bool) {
    explore(faults, |stage| {
        let rounds = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&rounds);
        let barrier = Barrier::with_action(parties, move || _ = counter.fetch_add(1, Ordering::Relaxed));
        let shared = Arc::new((barrier, Notes::default()));
        stage.actors(actors, &shared, move |shared, _| async move {
            let (barrier, results) = &*shared;
            results.add(if timed { barrier.wait_timeout(LONG).await } else { barrier.wait().await });
        });
        if let Some(disturb) = disturb {
            stage.steady(&shared, move |other| async move {
                pause().await;
                disturb(&other.0);
            });
        }
        Box::new(move |ends| {
            let (barrier, results) = &*shared;
            let failed = check_rounds(&results.all(), rounds.load(Ordering::Relaxed), parties, ends);
            assert_eq!(barrier.is_broken(), breaks || timed && failed > 0, "a cancellation doesn't break the barrier");
            if barrier.is_broken() {
                assert!(none_is_stuck(ends));
                barrier.reset();
            }
            check_usable(barrier, count(ends, End::Stuck));
        })
    });
}

/// Checks that parties passed only in complete rounds, some of whose parties may have been canceled or have got an
/// error, and that their indices differ. Returns how many got an error.
fn check_rounds(results: &[Result<usize, Broken>], rounds: usize, parties: usize, ends: &[End]) -> usize {
    let indices: Vec<usize> = results.iter().flatten().copied().collect();
    let failed = results.len() - indices.len();
    assert!(indices.len() <= parties * rounds);
    assert!(parties * rounds <= indices.len() + failed + count(ends, End::Cancelled));
    assert!(indices.iter().all(|index| *index < parties), "{indices:?}");
    for index in 0..parties {
        assert!(indices.iter().filter(|other| **other == index).count() <= rounds, "{indices:?}");
    }
    failed
}

/// Checks that the barrier works: parties that still wait pass when the missing ones arrive.
fn check_usable(barrier: &Barrier, waiting: usize) {
    let parties = barrier.parties();
    assert!(waiting < parties && !barrier.is_broken());
    assert_eq!(barrier.n_waiting(), waiting, "a party that left isn't counted");
    let mut others: Vec<_> = (waiting + 1..parties).map(|_| Box::pin(barrier.wait())).collect();
    assert!(others.iter_mut().all(|other| other.now_or_never().is_none()));
    assert_eq!(now(barrier.wait()), Some(Ok(parties - 1)));
}

#[test]
fn wait() {
    arrive(TWO, 4, 2, false, None, false);
    arrive(TWO, 4, 3, false, None, false);
}

#[test]
fn wait_timeout() {
    arrive(ONE_OR_TIMEOUT, 3, 2, true, None, false);
}

#[test]
fn wait_while_it_is_reset() {
    arrive(TWO, 3, 2, false, Some(Barrier::reset), false);
}

#[test]
fn wait_while_it_is_aborted() {
    arrive(TWO, 3, 2, false, Some(Barrier::abort), true);
}
