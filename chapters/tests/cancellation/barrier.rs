use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use chapters::coroutines::Barrier;
use chapters::errors::Broken;

use crate::explore::{End, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, nobody_is_stuck, now, pause};

struct Place {
    barrier: Barrier,
    rounds: Arc<AtomicUsize>,
    told: Notes<Result<usize, Broken>>,
}

impl Place {
    fn for_parties(parties: usize) -> Arc<Self> {
        let rounds = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&rounds);
        let barrier = Barrier::with_action(parties, move || _ = counter.fetch_add(1, Ordering::Relaxed));
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

    /// Who passed did so with the others, who may have been cancelled on the way; and they were told different numbers.
    fn has_let_all_pass(&self, ends: &[End]) {
        let mut indices: Vec<usize> = self.told.all().into_iter().flatten().collect();
        let (rounds, cancelled) = (self.rounds.load(Ordering::Relaxed), count(ends, End::Cancelled));
        let parties = self.barrier.parties();
        assert!(indices.len() <= parties * rounds);
        assert!(parties * rounds <= indices.len() + self.turned_away() + cancelled);
        indices.sort();
        for index in 0..parties {
            assert!(indices.iter().filter(|other| **other == index).count() <= rounds, "{indices:?}");
        }
        assert!(indices.iter().all(|index| *index < parties));
    }

    /// Whoever waits waits for others, and passes when they come.
    fn is_in_order(&self, ends: &[End]) {
        let (waiting, parties) = (count(ends, End::Stuck), self.barrier.parties());
        assert!(waiting < parties && !self.barrier.is_broken());
        assert_eq!(self.barrier.n_waiting(), waiting, "whoever left is not counted");
        let mut others: Vec<_> = (waiting + 1..parties).map(|_| Box::pin(self.barrier.wait())).collect();
        let mut context = Context::from_waker(Waker::noop());
        assert!(others.iter_mut().all(|other| other.as_mut().poll(&mut context).is_pending()));
        assert_eq!(now(self.barrier.wait()), Some(Ok(parties - 1)));
    }
}

fn count(ends: &[End], end: End) -> usize {
    ends.iter().filter(|other| **other == end).count()
}

#[test]
fn wait() {
    explore("Barrier::wait", TWO, |stage| {
        let place = Place::for_parties(2);
        place.parties(stage, 4);
        Box::new(move |ends| {
            assert_eq!(place.turned_away(), 0);
            place.has_let_all_pass(ends);
            place.is_in_order(ends);
        })
    });
}

#[test]
fn wait_for_two_others() {
    explore("Barrier::wait for two others", TWO, |stage| {
        let place = Place::for_parties(3);
        place.parties(stage, 4);
        Box::new(move |ends| {
            assert_eq!(place.turned_away(), 0);
            place.has_let_all_pass(ends);
            place.is_in_order(ends);
        })
    });
}

#[test]
fn wait_timeout() {
    explore("Barrier::wait_timeout", ONE_OR_TIMEOUT, |stage| {
        let place = Place::for_parties(2);
        place.impatient_parties(stage, 3);
        Box::new(move |ends| {
            place.has_let_all_pass(ends);
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
        let place = Place::for_parties(2);
        place.parties(stage, 3);
        let other = Arc::clone(&place);
        stage.steady(async move {
            pause().await;
            other.barrier.reset();
        });
        Box::new(move |ends| {
            place.has_let_all_pass(ends);
            place.is_in_order(ends);
        })
    });
}

#[test]
fn wait_while_it_is_aborted() {
    explore("Barrier::abort", TWO, |stage| {
        let place = Place::for_parties(2);
        place.parties(stage, 3);
        let other = Arc::clone(&place);
        stage.steady(async move {
            pause().await;
            other.barrier.abort();
        });
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            place.has_let_all_pass(ends);
            assert!(place.barrier.is_broken());
            place.barrier.reset();
            place.is_in_order(ends);
        })
    });
}
