//! A barrier, where a fixed number of coroutines wait for each other: the counterpart of Python's `asyncio.Barrier`.
//!
//! # Differences from other types
//!
//! [`tokio::sync::Barrier`] is the right choice for most programs. This barrier can also *break*: if one party gives
//! up, because its timeout has expired or because it calls [`abort`](Barrier::abort), the others get an error instead
//! of waiting forever. And it can run an action once in each round, before any party goes on, which asyncio's can't.
//!
//! Unlike a thread at a [`threads::Barrier`], a coroutine can be *canceled* while it waits. It leaves the round then,
//! and the others wait for another party, as in asyncio. A tokio barrier keeps counting it.
//!
//! Three details differ from asyncio:
//!
//! - [`reset`](Barrier::reset) doesn't break a round that is complete: parties that haven't run since the last one
//!   arrived still pass, as in `threading`. asyncio's `reset` breaks the round for them.
//! - The index that [`wait`](Barrier::wait) returns is the number of parties that arrived earlier *and stayed*. asyncio
//!   fixes the index on arrival: if the first of three parties is canceled and replaced, the three get 1, 1, and 2.
//! - asyncio has no `wait` with a timeout. `asyncio.wait_for` cancels the party and doesn't break the barrier. To do
//!   the same here, put a [`tokio::time::timeout`] around [`wait`](Barrier::wait).
//!
//! asyncio shows the phase of a barrier in its `repr`; this one shows it with `{:?}`.
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
//! | Task 1 | Task 2 |
//! | --- | --- |
//! | arrives first, and waits | |
//! | | arrives second: the round is complete |
//! | | goes on, and arrives for the next round |
//! | runs, and finds one of two parties waiting: it would wait, although its round was complete | |
//!
//! A party that is neither polled nor dropped keeps its round from draining; see [futurelock](super#futurelock).

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;
use std::{fmt, mem};

use tokio::time::Instant;

use super::Condition;
use super::condition::{before, deadline_after};
use crate::errors::Broken;
use crate::threads;

/// A barrier for a fixed number of parties. It can be used any number of times.
///
/// # Examples
///
/// ```
/// use chapters::coroutines::Barrier;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let barrier = Barrier::new(3);
/// let parties = tokio::join!(barrier.wait(), barrier.wait(), barrier.wait());
/// assert_eq!(parties, (Ok(0), Ok(1), Ok(2)));
/// # }
/// ```
pub struct Barrier {
    pub(super) round: threads::Lock<Round>,
    /// Notified when the phase has changed.
    pub(super) changed: Condition,
    parties: usize,
    action: Box<dyn Fn() + Send + Sync>,
}

#[derive(Debug)]
pub(super) struct Round {
    pub(super) phase: Phase,
    /// How many parties have arrived and haven't left.
    inside: usize,
    /// The numbers of all parties of the round in order of arrival, including those that have left a complete round.
    numbers: Vec<u64>,
    /// The number of the next party to arrive.
    next: u64,
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

impl Round {
    fn arrive<'a>(&mut self, barrier: &'a Barrier) -> Party<'a> {
        let number = self.next;
        self.next += 1;
        self.inside += 1;
        self.numbers.push(number);
        Party { barrier, number }
    }

    /// Removes a party and returns its index. If the round isn't complete yet, the party no longer counts.
    fn leave(&mut self, number: u64) -> usize {
        let index = self.numbers.binary_search(&number).expect("the party has arrived");
        self.inside -= 1;
        if self.phase == Phase::Filling {
            self.numbers.remove(index);
        }
        index
    }

    fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
        if phase == Phase::Filling {
            self.numbers.clear();
        }
    }
}

/// A party that has arrived. If it is dropped without a call of `leave`, its coroutine was canceled.
pub(super) struct Party<'a> {
    barrier: &'a Barrier,
    number: u64,
}

impl Party<'_> {
    pub(super) fn leave(self) -> Result<usize, Broken> {
        let passed = self.barrier.leave(self.number);
        mem::forget(self);
        passed
    }
}

impl Drop for Party<'_> {
    fn drop(&mut self) {
        _ = self.barrier.leave(self.number);
    }
}

impl Barrier {
    /// Creates a barrier for `parties` parties.
    ///
    /// # Panics
    ///
    /// If `parties` is zero. Python raises `ValueError`.
    pub fn new(parties: usize) -> Self {
        Self::with_action(parties, || {})
    }

    /// Creates a barrier with an action, which the last party to arrive runs before any party goes on.
    ///
    /// The action runs with the barrier locked, as in Python's `threading`, so it mustn't use the barrier itself. It
    /// should be short, because it blocks its event loop. If it panics, the barrier breaks, and the panic continues in
    /// the party that ran it.
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
    /// use chapters::coroutines::Barrier;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let rounds = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&rounds);
    /// let barrier = Barrier::with_action(2, move || _ = counter.fetch_add(1, Ordering::Relaxed));
    /// let party = async || {
    ///     barrier.wait().await.unwrap();
    ///     assert_eq!(rounds.load(Ordering::Relaxed), 1);
    /// };
    /// tokio::join!(party(), party());
    /// # }
    /// ```
    pub fn with_action(parties: usize, action: impl Fn() + Send + Sync + 'static) -> Self {
        assert!(parties > 0, "a barrier needs at least one party");
        let round = Round { phase: Phase::Filling, inside: 0, numbers: Vec::new(), next: 0 };
        Self { round: threads::Lock::guarding(round), changed: Condition::new(), parties, action: Box::new(action) }
    }

    /// Waits until all parties have arrived, and returns how many arrived before this one. [`Barrier`] has an example.
    ///
    /// # Cancel safety
    ///
    /// A party that is canceled leaves, and the others wait for another one. If all have arrived, the others pass
    /// without it.
    ///
    /// # Errors
    ///
    /// Returns [`Broken`] if the barrier is broken, or if it is broken or reset before all parties have arrived.
    pub async fn wait(&self) -> Result<usize, Broken> {
        self.pass(None).await
    }

    /// Like [`wait`](Barrier::wait), but breaks the barrier if not all parties have arrived after `timeout`.
    ///
    /// The timeout includes the time that the parties of the previous round need to leave. If they don't leave in time,
    /// the barrier breaks as if by [`abort`](Barrier::abort).
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Barrier::wait). A cancellation doesn't break the barrier.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Barrier::wait), or if the timeout has expired.
    ///
    /// # Panics
    ///
    /// If it isn't polled in a tokio runtime with time enabled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::coroutines::Barrier;
    /// use chapters::errors::Broken;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let barrier = Barrier::new(2);
    /// assert_eq!(barrier.wait_timeout(Duration::from_millis(1)).await, Err(Broken));
    /// assert!(barrier.is_broken());
    /// assert_eq!(barrier.wait().await, Err(Broken));
    /// barrier.reset();
    /// assert!(!barrier.is_broken());
    /// # }
    /// ```
    pub async fn wait_timeout(&self, timeout: Duration) -> Result<usize, Broken> {
        self.pass(deadline_after(timeout)).await
    }

    async fn pass(&self, deadline: Option<Instant>) -> Result<usize, Broken> {
        let party = self.enter(deadline).await?;
        let filled = self.changed.wait_for_sync(&self.round, |round| round.phase != Phase::Filling);
        if before(deadline, filled).await.is_none() {
            self.time_out();
        }
        party.leave()
    }

    /// Breaks the barrier for a party whose timeout has expired, unless all parties have arrived by now.
    fn time_out(&self) {
        let round = self.round.acquire();
        if round.phase == Phase::Filling {
            self.set_phase(round, Phase::Broken);
        }
    }

    // ANCHOR: phases
    /// Waits until the previous round has drained, and arrives. The last party to arrive completes the round.
    pub(super) async fn enter(&self, deadline: Option<Instant>) -> Result<Party<'_>, Broken> {
        let is_drained = |round: &mut Round| !matches!(round.phase, Phase::Draining | Phase::Resetting);
        let drained = before(deadline, self.changed.wait_for_sync(&self.round, is_drained)).await;
        let mut round = drained.unwrap_or_else(|| self.round.acquire());
        if !is_drained(&mut round) {
            self.set_phase(round, Phase::Broken); // the timeout has expired
            return Err(Broken);
        }
        if round.phase == Phase::Broken {
            return Err(Broken);
        }
        let party = round.arrive(self);
        if round.inside == self.parties {
            self.complete(round);
        }
        Ok(party)
    }

    /// Runs the action, and lets all parties leave.
    fn complete(&self, round: threads::LockGuard<Round>) {
        let result = panic::catch_unwind(AssertUnwindSafe(&self.action));
        self.set_phase(round, if result.is_err() { Phase::Broken } else { Phase::Draining });
        result.unwrap_or_else(|panic| panic::resume_unwind(panic));
    }

    /// Starts the next round if this is the last party to leave.
    fn leave(&self, number: u64) -> Result<usize, Broken> {
        let mut round = self.round.acquire();
        let (index, phase) = (round.leave(number), round.phase);
        if round.inside == 0 && phase != Phase::Broken {
            self.set_phase(round, Phase::Filling);
        }
        if phase == Phase::Draining { Ok(index) } else { Err(Broken) }
    }

    fn set_phase(&self, mut round: threads::LockGuard<Round>, phase: Phase) {
        round.set_phase(phase);
        drop(round);
        self.changed.notify_all();
    }
    // ANCHOR_END: phases

    /// Breaks the barrier: parties that are waiting, and those that arrive later, get [`Broken`].
    ///
    /// Never waits. Parties that haven't left a complete round yet get [`Broken`] too, as in Python.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::coroutines::Barrier;
    /// use chapters::errors::Broken;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let barrier = Barrier::new(2);
    /// let (party, ()) = tokio::join!(barrier.wait(), async { barrier.abort() });
    /// assert_eq!(party, Err(Broken));
    /// # }
    /// ```
    pub fn abort(&self) {
        self.set_phase(self.round.acquire(), Phase::Broken);
    }

    /// Starts a new round: parties that are waiting get [`Broken`], and a broken barrier works again.
    ///
    /// Never waits. A round that is complete isn't affected. [`Barrier::wait_timeout`] has an example.
    pub fn reset(&self) {
        let round = self.round.acquire();
        match (round.inside, round.phase) {
            (0, _) => self.set_phase(round, Phase::Filling),
            (_, Phase::Filling | Phase::Broken) => self.set_phase(round, Phase::Resetting),
            (_, Phase::Draining | Phase::Resetting) => {}
        }
    }

    /// Returns whether the barrier is broken. Never waits. [`Barrier::wait_timeout`] has an example.
    pub fn is_broken(&self) -> bool {
        self.round.acquire().phase == Phase::Broken
    }

    /// Returns how many parties are waiting for the others to arrive. Never waits.
    pub fn n_waiting(&self) -> usize {
        let round = self.round.acquire();
        if round.phase == Phase::Filling { round.inside } else { 0 }
    }

    /// Returns how many parties the barrier is for.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::coroutines::Barrier;
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
