//! A barrier, where a fixed number of threads wait for each other: the counterpart of Python's `threading.Barrier`.
//!
//! # Differences from other types
//!
//! [`std::sync::Barrier`] is the right choice for most programs. This barrier can also *break*: if one party gives up,
//! because its timeout has expired or because it calls [`abort`](Barrier::abort), the others get an error instead of
//! waiting forever. And it can run an action once in each round, before any party goes on.
//!
//! Two details differ from Python:
//!
//! - The timeout of [`wait_timeout`](Barrier::wait_timeout) applies to the whole call. Python's `wait` waits without a
//!   timeout for the parties of the previous round to leave.
//! - There is no default timeout, which Python's constructor takes. Pass it to `wait_timeout`.
//!
//! # Phases
//!
//! A round is in one of Python's four phases:
//!
//! | phase | meaning | ends when |
//! | --- | --- | --- |
//! | `Filling` | parties arrive and wait | all have arrived: `Draining` |
//! | `Draining` | the parties of a complete round leave | all have left: `Filling` |
//! | `Resetting` | the parties of a round that was reset leave with an error | all have left: `Filling` |
//! | `Broken` | all parties get an error | `reset` is called: `Filling` or `Resetting` |
//!
//! A party that arrives while a round is draining waits until it has drained. Otherwise, a fast party could be counted
//! twice:
//!
//! | Thread 1 | Thread 2 |
//! | --- | --- |
//! | arrives first, and waits | |
//! | | arrives second: the round is complete |
//! | | goes on, and arrives for the next round |
//! | wakes up, and finds one of two parties waiting: it would wait, although its round was complete | |

use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use super::{Condition, Lock, LockGuard};
use crate::errors::Broken;
use crate::sync::deadline_after;

/// A barrier for a fixed number of parties. It can be used any number of times.
///
/// # Examples
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
    /// Notified when the phase has changed.
    pub(super) changed: Condition,
    parties: usize,
    action: Box<dyn Fn() + Send + Sync>,
}

#[derive(Debug)]
// ANCHOR: round
pub(super) struct Round {
    pub(super) phase: Phase,
    /// How many parties have arrived and haven't left.
    pub(super) inside: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Parties arrive and wait.
    Filling,
    /// All parties have arrived, and leave.
    Draining,
    /// The round was reset, and the parties that were waiting leave.
    Resetting,
    /// All parties get an error until the barrier is reset.
    Broken,
}
// ANCHOR_END: round

impl Barrier {
    /// Creates a barrier for `parties` parties.
    ///
    /// # Panics
    ///
    /// If `parties` is zero. Python's `asyncio.Barrier` raises `ValueError`; `threading.Barrier` of 3.11 accepts it.
    pub fn new(parties: usize) -> Self {
        Self::with_action(parties, || {})
    }

    /// Creates a barrier with an action, which the last party to arrive runs before any party goes on.
    ///
    /// The action runs with the barrier locked, as in Python, so it mustn't use the barrier itself. If it panics, the
    /// barrier breaks, and the panic continues in the party that ran it.
    ///
    /// # Panics
    ///
    /// If `parties` is zero.
    ///
    /// # Examples
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
    pub fn with_action(parties: usize, action: impl Fn() + Send + Sync + 'static) -> Self {
        assert!(parties > 0, "a barrier needs at least one party");
        let round = Round { phase: Phase::Filling, inside: 0 };
        Self { round: Lock::guarding(round), changed: Condition::new(), parties, action: Box::new(action) }
    }

    /// Blocks until all parties have arrived, and returns how many arrived before this one. [`Barrier`] has an example.
    ///
    /// # Errors
    ///
    /// Returns [`Broken`] if the barrier is broken, or if it is broken or reset before all parties have arrived.
    ///
    /// # Deadlocks
    ///
    /// Blocks forever if fewer parties arrive and none of them gives up.
    pub fn wait(&self) -> Result<usize, Broken> {
        self.pass(None)
    }

    /// Like [`wait`](Barrier::wait), but breaks the barrier if not all parties have arrived after `timeout`.
    ///
    /// The timeout includes the time that the parties of the previous round need to leave. If they don't leave in time,
    /// the barrier breaks as if by [`abort`](Barrier::abort).
    ///
    /// # Errors
    ///
    /// As for [`wait`](Barrier::wait), or if the timeout has expired.
    ///
    /// # Examples
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
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, Broken> {
        self.pass(deadline_after(timeout))
    }

    // ANCHOR: pass
    fn pass(&self, deadline: Option<Instant>) -> Result<usize, Broken> {
        let mut round = self.enter(deadline)?;
        let index = round.inside;
        round.inside += 1;
        let mut panic = None;
        if round.inside == self.parties {
            panic = self.complete(&mut round);
        } else {
            round = self.wait_while(round, &[Phase::Filling], deadline);
        }
        let passed = round.phase == Phase::Draining;
        self.leave(round);
        if let Some(panic) = panic {
            panic::resume_unwind(panic);
        }
        if passed { Ok(index) } else { Err(Broken) }
    }
    // ANCHOR_END: pass

    // ANCHOR: phases
    /// Blocks until the previous round has drained, and returns the next one.
    fn enter(&self, deadline: Option<Instant>) -> Result<LockGuard<'_, Round>, Broken> {
        let round = self.wait_while(self.round.acquire(), &[Phase::Draining, Phase::Resetting], deadline);
        if round.phase == Phase::Broken { Err(Broken) } else { Ok(round) }
    }

    /// Runs the action, and lets all parties leave.
    pub(super) fn complete(&self, round: &mut Round) -> Option<Box<dyn Any + Send>> {
        let panic = panic::catch_unwind(AssertUnwindSafe(&self.action)).err();
        self.set_phase(round, if panic.is_some() { Phase::Broken } else { Phase::Draining });
        panic
    }

    /// Starts the next round if this is the last party to leave.
    fn leave(&self, mut round: LockGuard<'_, Round>) {
        round.inside -= 1;
        if round.inside == 0 && round.phase != Phase::Broken {
            self.set_phase(&mut round, Phase::Filling);
        }
    }
    // ANCHOR_END: phases

    /// Blocks while the round is in one of `phases`. Breaks the barrier if the deadline passes.
    fn wait_while<'a>(
        &self,
        round: LockGuard<'a, Round>,
        phases: &[Phase],
        deadline: Option<Instant>,
    ) -> LockGuard<'a, Round> {
        let is_over = |round: &mut Round| !phases.contains(&round.phase);
        let (mut round, in_time) = self.changed.wait_for_until(round, deadline, is_over);
        if !in_time {
            self.set_phase(&mut round, Phase::Broken);
        }
        round
    }

    fn set_phase(&self, round: &mut Round, phase: Phase) {
        round.phase = phase;
        self.changed.notify_all();
    }

    /// Breaks the barrier: parties that are waiting, and those that arrive later, get [`Broken`].
    ///
    /// Parties that haven't left a complete round yet get [`Broken`] too, as in Python.
    ///
    /// # Examples
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
        self.set_phase(&mut self.round.acquire(), Phase::Broken);
    }

    /// Starts a new round: parties that are waiting get [`Broken`], and a broken barrier works again.
    ///
    /// A round that is complete isn't affected. [`Barrier::wait_timeout`] has an example.
    pub fn reset(&self) {
        let mut round = self.round.acquire();
        match (round.inside, round.phase) {
            (0, _) => self.set_phase(&mut round, Phase::Filling),
            (_, Phase::Filling | Phase::Broken) => self.set_phase(&mut round, Phase::Resetting),
            (_, Phase::Draining | Phase::Resetting) => {}
        }
    }

    /// Returns whether the barrier is broken. [`Barrier::wait_timeout`] has an example.
    pub fn is_broken(&self) -> bool {
        self.round.acquire().phase == Phase::Broken
    }

    /// Returns how many parties are waiting for the others to arrive.
    pub fn n_waiting(&self) -> usize {
        let round = self.round.acquire();
        if round.phase == Phase::Filling { round.inside } else { 0 }
    }

    /// Returns how many parties the barrier is for.
    ///
    /// # Examples
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
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("round", &self.round.try_acquire().as_deref())
            .finish_non_exhaustive()
    }
}
