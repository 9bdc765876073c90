use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::errors::Broken;

#[test]
fn every_round_has_each_index_once_and_the_action_comes_first() {
    const ROUNDS: usize = 100;
    let acted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&acted);
    let barrier = Barrier::with_action(3, move || _ = counter.fetch_add(1, Ordering::Relaxed));
    let indices: Vec<Vec<usize>> = thread::scope(|scope| {
        let party = || {
            let round = |round| {
                let index = barrier.wait_timeout(LONG).unwrap();
                assert!((round + 1..=round + 2).contains(&acted.load(Ordering::Relaxed)));
                index
            };
            (0..ROUNDS).map(round).collect()
        };
        let parties: Vec<_> = (0..3).map(|_| scope.spawn(party)).collect();
        parties.into_iter().map(|party| party.join().unwrap()).collect()
    });
    for round in 0..ROUNDS {
        let mut of_round: Vec<usize> = indices.iter().map(|party| party[round]).collect();
        of_round.sort();
        assert_eq!(of_round, [0, 1, 2]);
    }
    assert_eq!(acted.load(Ordering::Relaxed), ROUNDS);
}

#[test]
fn one_party_waits_for_nobody() {
    let barrier = Barrier::new(1);
    assert_eq!(barrier.wait(), Ok(0));
    assert_eq!(barrier.wait_timeout(Duration::ZERO), Ok(0));
    assert_eq!(barrier.n_waiting(), 0);
}

#[test]
#[should_panic = "at least one party"]
fn no_party_at_all_is_a_mistake() {
    Barrier::new(0);
}

#[test]
fn a_timeout_breaks_it_for_all() {
    let barrier = Barrier::new(3);
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait());
        until(|| barrier.n_waiting() == 1);
        assert_eq!(barrier.wait_timeout(SHORT), Err(Broken));
        assert_eq!(other.join().unwrap(), Err(Broken));
    });
    assert!(barrier.is_broken());
    assert_eq!(barrier.wait_timeout(LONG), Err(Broken));
}

#[test]
fn a_reset_sends_those_away_who_wait_and_a_new_round_begins() {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| barrier.wait_timeout(LONG));
        until(|| barrier.n_waiting() == 1);
        barrier.reset();
        assert_eq!(waiting.join().unwrap(), Err(Broken));
        assert!(!barrier.is_broken());
        let next = scope.spawn(|| barrier.wait_timeout(LONG));
        let index = barrier.wait_timeout(LONG).unwrap();
        assert_eq!(next.join().unwrap().unwrap() + index, 1);
    });
}

#[test]
fn an_aborted_one_is_repaired_by_a_reset() {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| barrier.wait_timeout(LONG));
        until(|| barrier.n_waiting() == 1);
        barrier.abort();
        barrier.reset(); // perhaps before the other one has gone
        assert_eq!(waiting.join().unwrap(), Err(Broken));
    });
    assert!(!barrier.is_broken());
    barrier.abort();
    assert_eq!((barrier.is_broken(), barrier.n_waiting()), (true, 0));
    barrier.reset();
    assert!(!barrier.is_broken());
}

#[test]
fn a_panic_in_the_action_breaks_it() {
    let barrier = Barrier::with_action(2, || panic::resume_unwind(Box::new("in the action")));
    thread::scope(|scope| {
        let party = || panic::catch_unwind(AssertUnwindSafe(|| barrier.wait_timeout(LONG)));
        let other = scope.spawn(party);
        let ends = [party(), other.join().unwrap()];
        assert_eq!(ends.iter().filter(|end| end.is_err()).count(), 1);
        assert_eq!(ends.iter().filter(|end| matches!(end, Ok(Err(Broken)))).count(), 1);
    });
    assert!(barrier.is_broken());
    barrier.reset();
    assert!(!barrier.is_broken());
}
