use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chapters::coroutines::Barrier;
use chapters::errors::Broken;

use crate::explore::{End, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, nobody_is_stuck, now, pause};

struct Place {
    barrier: Barrier,
    rounds: Arc<AtomicUsize>,
    told: Notes<Result<usize, Broken>>,
}

impl Place {
    fn for_two() -> Arc<Self> {
        let rounds = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&rounds);
        let barrier = Barrier::with_action(2, move || _ = counter.fetch_add(1, Ordering::Relaxed));
        Arc::new(Self { barrier, rounds, told: Notes::default() })
    }

    fn parties(self: &Arc<Self>, stage: &mut Stage, count: usize) {
        for _ in 0..count {
            let place = Arc::clone(self);
            stage.actor(async move { place.told.add(place.barrier.wait().await) });
        }
    }

    fn impatient_parties(self: &Arc<Self>, stage: &mut Stage, count: usize) {
        for _ in 0..count {
            let place = Arc::clone(self);
            stage.actor(async move { place.told.add(place.barrier.wait_timeout(LONG).await) });
        }
    }

    fn turned_away(&self) -> usize {
        self.told.all().iter().filter(|told| told.is_err()).count()
    }

    /// Who passed did so with another one, who may have been cancelled on the way; and they were told different numbers.
    fn has_let_pairs_pass(&self, ends: &[End]) {
        let mut indices: Vec<usize> = self.told.all().into_iter().flatten().collect();
        let (rounds, cancelled) = (self.rounds.load(Ordering::Relaxed), count(ends, End::Cancelled));
        assert!(indices.len() <= 2 * rounds && 2 * rounds <= indices.len() + self.turned_away() + cancelled);
        indices.sort();
        for index in [0, 1] {
            assert!(indices.iter().filter(|other| **other == index).count() <= rounds, "{indices:?}");
        }
        assert!(indices.iter().all(|index| *index < 2));
    }

    /// Whoever waits is alone, and the next one to come lets both pass.
    fn is_in_order(&self, ends: &[End]) {
        let waiting = count(ends, End::Stuck);
        assert!(waiting < 2 && !self.barrier.is_broken());
        assert_eq!(self.barrier.n_waiting(), waiting, "whoever left is not counted");
        if waiting == 0 {
            let both = now(async { tokio::join!(self.barrier.wait(), self.barrier.wait()) });
            assert_eq!(both, Some((Ok(0), Ok(1))));
        } else {
            assert_eq!(now(self.barrier.wait()), Some(Ok(1)));
        }
    }
}

fn count(ends: &[End], end: End) -> usize {
    ends.iter().filter(|other| **other == end).count()
}

#[test]
fn wait() {
    explore("Barrier::wait", TWO, |stage| {
        let place = Place::for_two();
        place.parties(stage, 4);
        Box::new(move |ends| {
            assert_eq!(place.turned_away(), 0);
            place.has_let_pairs_pass(ends);
            place.is_in_order(ends);
        })
    });
}

#[test]
fn wait_timeout() {
    explore("Barrier::wait_timeout", ONE_OR_TIMEOUT, |stage| {
        let place = Place::for_two();
        place.impatient_parties(stage, 3);
        Box::new(move |ends| {
            place.has_let_pairs_pass(ends);
            assert_eq!(
                place.barrier.is_broken(),
                place.turned_away() > 0,
                "a timeout breaks it, a cancellation does not"
            );
            if place.barrier.is_broken() {
                assert!(nobody_is_stuck(ends));
                place.barrier.reset();
            }
            place.is_in_order(ends);
        })
    });
}

#[test]
fn wait_while_it_is_reset() {
    explore("Barrier::reset", TWO, |stage| {
        let place = Place::for_two();
        place.parties(stage, 3);
        let other = Arc::clone(&place);
        stage.steady(async move {
            pause().await;
            other.barrier.reset();
        });
        Box::new(move |ends| {
            place.has_let_pairs_pass(ends);
            place.is_in_order(ends);
        })
    });
}

#[test]
fn wait_while_it_is_aborted() {
    explore("Barrier::abort", TWO, |stage| {
        let place = Place::for_two();
        place.parties(stage, 3);
        let other = Arc::clone(&place);
        stage.steady(async move {
            pause().await;
            other.barrier.abort();
        });
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            place.has_let_pairs_pass(ends);
            assert!(place.barrier.is_broken());
            place.barrier.reset();
            place.is_in_order(ends);
        })
    });
}
