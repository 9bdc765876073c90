//! A place where threads wait for each other: Python's `threading.Barrier`.
//!
//! It differs from [`std::sync::Barrier`], which a working engineer reaches for, in that it can *break*: a party that waits
//! with a timeout, or gives up, tells all others, who would wait for ever otherwise. It can also run an action, once for
//! each round, before anybody goes on.
//!
//! A round is *filling* until all parties have come, then *draining* until all have gone; only then the next one begins,
//! so a fast party cannot be counted twice. [`Barrier::reset`] drains a round that is not complete. These are Python's
//! four states.

use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use super::{Condition, Lock, LockGuard};
use crate::errors::Broken;

/// A barrier for a number of parties, used again and again.
///
/// ```
/// use chapters::threads::Barrier;
///
/// let barrier = Barrier::new(3);
/// let mut arrivals: Vec<usize> = std::thread::scope(|scope| {
///     let parties: Vec<_> = (0..3).map(|_| scope.spawn(|| barrier.wait().unwrap())).collect();
///     parties.into_iter().map(|party| party.join().unwrap()).collect()
/// });
/// arrivals.sort();
/// assert_eq!(arrivals, [0, 1, 2]);
/// ```
pub struct Barrier {
    pub(super) round: Lock<Round>,
    pub(super) changed: Condition,
    parties: usize,
    action: Box<dyn Fn() + Send + Sync>,
}

// ANCHOR: round
pub(super) struct Round {
    pub(super) phase: Phase,
    /// How many parties are between coming and going.
    pub(super) inside: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Parties come, and wait.
    Filling,
    /// All have come, and go on.
    Draining,
    /// The round was given up, and those who waited go.
    Resetting,
    /// Nobody waits here until somebody resets the barrier.
    Broken,
}
// ANCHOR_END: round

impl Barrier {
    /// Makes a barrier for so many parties.
    ///
    /// # Panics
    ///
    /// If there is no party. Python's `asyncio.Barrier` raises `ValueError`; `threading.Barrier` of 3.11 takes it.
    pub fn new(parties: usize) -> Self {
        Self::with_action(parties, || {})
    }

    /// Makes a barrier with an action, which the last party to come runs before anybody goes on.
    ///
    /// The action runs with the barrier locked, as in Python: it must not use the barrier itself. If it panics, the barrier
    /// is broken, and the panic goes on in the party that ran it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use chapters::threads::Barrier;
    ///
    /// let rounds = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&rounds);
    /// let barrier = Barrier::with_action(2, move || _ = counter.fetch_add(1, Ordering::Relaxed));
    /// std::thread::scope(|scope| {
    ///     for _ in 0..2 {
    ///         scope.spawn(|| {
    ///             barrier.wait().unwrap();
    ///             assert_eq!(rounds.load(Ordering::Relaxed), 1);
    ///         });
    ///     }
    /// });
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no party.
    pub fn with_action(parties: usize, action: impl Fn() + Send + Sync + 'static) -> Self {
        assert!(parties > 0, "a barrier has at least one party");
        let round = Round { phase: Phase::Filling, inside: 0 };
        Self { round: Lock::guarding(round), changed: Condition::new(), parties, action: Box::new(action) }
    }

    /// Blocks until all parties have come, and returns how many came before this one. See the example of [`Barrier`].
    ///
    /// # Errors
    ///
    /// When the barrier is broken or reset, before or meanwhile.
    pub fn wait(&self) -> Result<usize, Broken> {
        self.pass(|round| self.changed.wait_for(round, |round| round.phase != Phase::Filling))
    }

    /// The same, but blocks until `timeout` has passed at most; then it breaks the barrier.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::errors::Broken;
    /// use chapters::threads::Barrier;
    ///
    /// let barrier = Barrier::new(2);
    /// assert_eq!(barrier.wait_timeout(Duration::from_millis(1)), Err(Broken));
    /// assert!(barrier.is_broken());
    /// assert_eq!(barrier.wait(), Err(Broken));
    /// barrier.reset();
    /// assert!(!barrier.is_broken());
    /// ```
    ///
    /// # Errors
    ///
    /// When the barrier is broken or reset, before or meanwhile, or not all parties came in time.
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, Broken> {
        self.pass(|round| {
            let over = |round: &mut Round| round.phase != Phase::Filling;
            let (mut round, in_time) = self.changed.wait_for_timeout(round, timeout, over);
            if !in_time {
                self.turn(&mut round, Phase::Broken);
            }
            round
        })
    }

    // ANCHOR: pass
    fn pass<'a>(&'a self, stay: impl FnOnce(LockGuard<'a, Round>) -> LockGuard<'a, Round>) -> Result<usize, Broken> {
        let mut round = self.enter()?;
        let index = round.inside;
        round.inside += 1;
        let mut panicked = None;
        if round.inside == self.parties {
            panicked = self.act(&mut round);
        } else {
            round = stay(round);
        }
        let passed = round.phase == Phase::Draining;
        self.leave(round);
        if let Some(payload) = panicked {
            panic::resume_unwind(payload);
        }
        if passed { Ok(index) } else { Err(Broken) }
    }
    // ANCHOR_END: pass

    // ANCHOR: phases
    /// Blocks while those of the last round are still going.
    fn enter(&self) -> Result<LockGuard<'_, Round>, Broken> {
        let gone = |round: &mut Round| !matches!(round.phase, Phase::Draining | Phase::Resetting);
        let round = self.changed.wait_for(self.round.acquire(), gone);
        if round.phase == Phase::Broken { Err(Broken) } else { Ok(round) }
    }

    /// Runs the action, and lets everybody go on.
    pub(super) fn act(&self, round: &mut Round) -> Option<Box<dyn Any + Send>> {
        let panicked = panic::catch_unwind(AssertUnwindSafe(&self.action)).err();
        self.turn(round, if panicked.is_some() { Phase::Broken } else { Phase::Draining });
        panicked
    }

    /// Lets the next round begin if this was the last party to go.
    fn leave(&self, mut round: LockGuard<'_, Round>) {
        round.inside -= 1;
        if round.inside == 0 && round.phase != Phase::Broken {
            self.turn(&mut round, Phase::Filling);
        }
    }
    // ANCHOR_END: phases

    fn turn(&self, round: &mut Round, phase: Phase) {
        round.phase = phase;
        self.changed.notify_all();
    }

    /// Breaks the barrier: whoever waits, and whoever comes, gets [`Broken`].
    ///
    /// ```
    /// use chapters::errors::Broken;
    /// use chapters::threads::Barrier;
    ///
    /// let barrier = Barrier::new(2);
    /// std::thread::scope(|scope| {
    ///     let party = scope.spawn(|| barrier.wait());
    ///     barrier.abort();
    ///     assert_eq!(party.join().unwrap(), Err(Broken));
    /// });
    /// ```
    pub fn abort(&self) {
        self.turn(&mut self.round.acquire(), Phase::Broken);
    }

    /// Makes the barrier as new: whoever waits gets [`Broken`], and whoever comes starts a new round. See the example of
    /// [`Barrier::wait_timeout`].
    pub fn reset(&self) {
        let mut round = self.round.acquire();
        match (round.inside, round.phase) {
            (0, _) => self.turn(&mut round, Phase::Filling),
            (_, Phase::Filling | Phase::Broken) => self.turn(&mut round, Phase::Resetting),
            (_, Phase::Draining | Phase::Resetting) => {}
        }
    }

    /// Whether the barrier is broken. See the example of [`Barrier::wait_timeout`].
    pub fn is_broken(&self) -> bool {
        self.round.acquire().phase == Phase::Broken
    }

    /// How many parties have come and wait for the others.
    pub fn n_waiting(&self) -> usize {
        let round = self.round.acquire();
        if round.phase == Phase::Filling { round.inside } else { 0 }
    }

    /// How many parties there must be.
    ///
    /// ```
    /// use chapters::threads::Barrier;
    ///
    /// let barrier = Barrier::new(2);
    /// assert_eq!((barrier.n_waiting(), barrier.parties()), (0, 2));
    /// ```
    pub fn parties(&self) -> usize {
        self.parties
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Barrier").field("parties", &self.parties).finish_non_exhaustive()
    }
}
