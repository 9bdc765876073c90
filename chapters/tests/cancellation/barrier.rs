use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use chapters::coroutines::Barrier;
use chapters::errors::Broken;

use crate::explore::{End, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, none_is_stuck, now, pause};

struct Shared {
    barrier: Barrier,
    rounds: Arc<AtomicUsize>,
    results: Notes<Result<usize, Broken>>,
}

impl Shared {
    fn for_parties(parties: usize) -> Arc<Self> {
        let rounds = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&rounds);
        let barrier = Barrier::with_action(parties, move || _ = counter.fetch_add(1, Ordering::Relaxed));
        Arc::new(Self { barrier, rounds, results: Notes::default() })
    }

    fn parties(self: &Arc<Self>, stage: &mut Stage, count: usize) {
        stage.actors(count, self, |shared, _| async move { shared.results.add(shared.barrier.wait().await) });
    }

    fn parties_with_timeout(self: &Arc<Self>, stage: &mut Stage, count: usize) {
        stage.actors(
            count,
            self,
            |shared, _| async move { shared.results.add(shared.barrier.wait_timeout(LONG).await) },
        );
    }

    fn failed(&self) -> usize {
        self.results.all().iter().filter(|result| result.is_err()).count()
    }

    /// Checks that parties passed only in complete rounds, some of whose parties may have been cancelled or have got an
    /// error, and that their indices differ.
    fn check_rounds(&self, ends: &[End]) {
        let mut indices: Vec<usize> = self.results.all().into_iter().flatten().collect();
        let (rounds, cancelled) = (self.rounds.load(Ordering::Relaxed), count(ends, End::Cancelled));
        let parties = self.barrier.parties();
        assert!(indices.len() <= parties * rounds);
        assert!(parties * rounds <= indices.len() + self.failed() + cancelled);
        indices.sort();
        for index in 0..parties {
            assert!(indices.iter().filter(|other| **other == index).count() <= rounds, "{indices:?}");
        }
        assert!(indices.iter().all(|index| *index < parties));
    }

    /// Checks that the barrier works: parties that still wait pass when the missing ones arrive.
    fn check_usable(&self, ends: &[End]) {
        let (waiting, parties) = (count(ends, End::Stuck), self.barrier.parties());
        assert!(waiting < parties && !self.barrier.is_broken());
        assert_eq!(self.barrier.n_waiting(), waiting, "a party that left isn't counted");
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
    for (name, parties) in [("Barrier::wait", 2), ("Barrier::wait for two others", 3)] {
        explore(name, TWO, move |stage| {
            let shared = Shared::for_parties(parties);
            shared.parties(stage, 4);
            Box::new(move |ends| {
                assert_eq!(shared.failed(), 0);
                shared.check_rounds(ends);
                shared.check_usable(ends);
            })
        });
    }
}

#[test]
fn wait_timeout() {
    explore("Barrier::wait_timeout", ONE_OR_TIMEOUT, |stage| {
        let shared = Shared::for_parties(2);
        shared.parties_with_timeout(stage, 3);
        Box::new(move |ends| {
            shared.check_rounds(ends);
            assert_eq!(
                shared.barrier.is_broken(),
                shared.failed() > 0,
                "a timeout breaks the barrier, and a cancellation doesn't"
            );
            if shared.barrier.is_broken() {
                assert!(none_is_stuck(ends));
                shared.barrier.reset();
            }
            shared.check_usable(ends);
        })
    });
}

#[test]
fn wait_while_it_is_reset() {
    explore("Barrier::reset", TWO, |stage| {
        let shared = Shared::for_parties(2);
        shared.parties(stage, 3);
        stage.steady(&shared, |other| async move {
            pause().await;
            other.barrier.reset();
        });
        Box::new(move |ends| {
            shared.check_rounds(ends);
            shared.check_usable(ends);
        })
    });
}

#[test]
fn wait_while_it_is_aborted() {
    explore("Barrier::abort", TWO, |stage| {
        let shared = Shared::for_parties(2);
        shared.parties(stage, 3);
        stage.steady(&shared, |other| async move {
            pause().await;
            other.barrier.abort();
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            shared.check_rounds(ends);
            assert!(shared.barrier.is_broken());
            shared.barrier.reset();
            shared.check_usable(ends);
        })
    });
}
