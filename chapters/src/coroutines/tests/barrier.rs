use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task;

use super::super::testing::{on_both_runtimes, until};
use super::*;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(1);

#[test]
fn every_round_has_each_index_once_and_the_action_comes_first() {
    const ROUNDS: usize = 100;
    on_both_runtimes(async || {
        let acted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&acted);
        let barrier = Arc::new(Barrier::with_action(3, move || _ = counter.fetch_add(1, Ordering::Relaxed)));
        let party = |barrier: Arc<Barrier>, acted: Arc<AtomicUsize>| async move {
            let mut indices = Vec::new();
            for round in 0..ROUNDS {
                indices.push(barrier.wait_timeout(LONG).await.unwrap());
                assert!((round + 1..=round + 2).contains(&acted.load(Ordering::Relaxed)));
            }
            indices
        };
        let parties: Vec<_> = (0..3).map(|_| task::spawn(party(Arc::clone(&barrier), Arc::clone(&acted)))).collect();
        let mut indices = Vec::new();
        for party in parties {
            indices.push(party.await.unwrap());
        }
        for round in 0..ROUNDS {
            let mut of_round: Vec<usize> = indices.iter().map(|party| party[round]).collect();
            of_round.sort();
            assert_eq!(of_round, [0, 1, 2]);
        }
        assert_eq!(acted.load(Ordering::Relaxed), ROUNDS);
    });
}

#[test]
fn one_party_waits_for_nobody() {
    on_both_runtimes(async || {
        let barrier = Barrier::new(1);
        assert_eq!(barrier.wait().await, Ok(0));
        assert_eq!(barrier.wait_timeout(Duration::ZERO).await, Ok(0));
        assert_eq!(barrier.n_waiting(), 0);
    });
}

#[test]
#[should_panic = "at least one party"]
fn no_party_at_all_is_a_mistake() {
    Barrier::new(0);
}

#[test]
fn a_timeout_breaks_it_for_all() {
    on_both_runtimes(async || {
        let barrier = Barrier::new(3);
        let both = tokio::join!(barrier.wait(), barrier.wait_timeout(SHORT));
        assert_eq!(both, (Err(Broken), Err(Broken)));
        assert!(barrier.is_broken());
        assert_eq!(barrier.wait_timeout(LONG).await, Err(Broken));
    });
}

#[test]
fn a_timeout_after_all_have_come_breaks_nothing() {
    on_both_runtimes(async || {
        let barrier = Barrier::new(2);
        let (first, second) = (barrier.enter().await.unwrap(), barrier.enter().await.unwrap());
        barrier.give_up();
        assert_eq!((second.go(), first.go()), (Ok(1), Ok(0)));
        assert!(!barrier.is_broken());
    });
}

#[test]
fn a_party_that_is_cancelled_leaves_and_those_who_stay_are_counted() {
    on_both_runtimes(async || {
        let barrier = Arc::new(Barrier::new(3));
        let party = || {
            let barrier = Arc::clone(&barrier);
            task::spawn(async move { barrier.wait().await })
        };
        let first = party();
        until(|| barrier.n_waiting() == 1).await;
        let second = party();
        until(|| barrier.n_waiting() == 2).await;
        first.abort();
        until(|| barrier.n_waiting() == 1).await;
        assert!(!barrier.is_broken());
        let third = party();
        until(|| barrier.n_waiting() == 2).await;
        assert_eq!(barrier.wait().await, Ok(2));
        assert_eq!((second.await.unwrap(), third.await.unwrap()), (Ok(0), Ok(1)));
    });
}

#[test]
fn a_reset_sends_those_away_who_wait_and_a_new_round_begins() {
    on_both_runtimes(async || {
        let barrier = Barrier::new(2);
        let (waited, ()) = tokio::join!(barrier.wait_timeout(LONG), async { barrier.reset() });
        assert_eq!(waited, Err(Broken));
        assert!(!barrier.is_broken());
        let next = tokio::join!(barrier.wait_timeout(LONG), barrier.wait_timeout(LONG));
        assert_eq!(next, (Ok(0), Ok(1)));
    });
}

#[test]
fn an_aborted_one_is_repaired_by_a_reset() {
    on_both_runtimes(async || {
        let barrier = Barrier::new(2);
        let repair = async {
            barrier.abort();
            barrier.reset(); // before the other one has gone
        };
        assert_eq!(tokio::join!(barrier.wait_timeout(LONG), repair).0, Err(Broken));
        assert!(!barrier.is_broken());
        barrier.abort();
        assert_eq!((barrier.is_broken(), barrier.n_waiting()), (true, 0));
        barrier.reset();
        assert!(!barrier.is_broken());
    });
}

#[test]
fn a_panic_in_the_action_breaks_it() {
    on_both_runtimes(async || {
        let barrier = Arc::new(Barrier::with_action(2, || panic::resume_unwind(Box::new("in the action"))));
        let party = |barrier: Arc<Barrier>| task::spawn(async move { barrier.wait_timeout(LONG).await });
        let (first, second) = (party(Arc::clone(&barrier)), party(Arc::clone(&barrier)));
        let ends = [first.await, second.await];
        assert_eq!(ends.iter().filter(|end| end.is_err()).count(), 1);
        assert_eq!(ends.iter().filter(|end| matches!(end, Ok(Err(Broken)))).count(), 1);
        assert!(barrier.is_broken());
        barrier.reset();
        assert!(!barrier.is_broken());
    });
}
