//! A place where coroutines wait for each other: Python's `asyncio.Barrier`.
//!
//! It differs from [`tokio::sync::Barrier`], which a working engineer reaches for, in that it can *break*: a party that
//! waits with a timeout, or gives up, tells all others, who would wait for ever otherwise. It can also run an action, once
//! for each round, before anybody goes on, which asyncio's cannot.
//!
//! It differs from [`threads::Barrier`] in that a party can be *cancelled*. It leaves then, and the others wait for another
//! one, as in asyncio; tokio's barrier goes on counting it. So the index of a party is not known when it comes: it is how
//! many of those who *stayed* came before. (asyncio fixes it when they come. If the first of three is cancelled and
//! replaced, the parties are told 1, 1, and 2.)
//!
//! A round is *filling* until all parties have come, then *draining* until all have gone; only then the next one begins,
//! so a fast party cannot be counted twice. [`Barrier::reset`] drains a round that is not complete. These are Python's
//! four states.

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;
use std::{fmt, mem};

use tokio::time;

use super::Condition;
use crate::errors::Broken;
use crate::threads;

/// A barrier for a number of parties, used again and again.
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
    round: threads::Lock<Round>,
    changed: Condition,
    parties: usize,
    action: Box<dyn Fn() + Send + Sync>,
}

struct Round {
    phase: Phase,
    /// How many parties are between coming and going.
    inside: usize,
    /// Their numbers, and those of the ones that have gone, in the order in which they came.
    numbers: Vec<u64>,
    /// The number of the next party.
    next: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Parties come, and wait.
    Filling,
    /// All have come, and go on.
    Draining,
    /// The round was given up, and those who waited go.
    Resetting,
    /// Nobody waits here until somebody resets the barrier.
    Broken,
}

impl Round {
    fn party<'a>(&mut self, barrier: &'a Barrier) -> Party<'a> {
        let number = self.next;
        self.next += 1;
        self.inside += 1;
        self.numbers.push(number);
        Party { barrier, number }
    }

    /// How many came before the party that leaves. If not all are there yet, it is as if it had never come.
    fn leave(&mut self, number: u64) -> usize {
        let index = self.numbers.binary_search(&number).expect("it has come");
        self.inside -= 1;
        if self.phase == Phase::Filling {
            self.numbers.remove(index);
        }
        index
    }

    fn turn(&mut self, phase: Phase) {
        self.phase = phase;
        if phase == Phase::Filling {
            self.numbers.clear();
        }
    }
}

/// A party that has come. If it is dropped before it went on, its coroutine was cancelled, and it leaves the others alone.
struct Party<'a> {
    barrier: &'a Barrier,
    number: u64,
}

impl Party<'_> {
    fn go(self) -> Result<usize, Broken> {
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
    /// Makes a barrier for so many parties.
    ///
    /// # Panics
    ///
    /// If there is no party. Python raises `ValueError`.
    pub fn new(parties: usize) -> Self {
        Self::with_action(parties, || {})
    }

    /// Makes a barrier with an action, which the last party to come runs before anybody goes on.
    ///
    /// The action runs with the barrier locked, as in Python's `threading`: it must not use the barrier itself, and must be
    /// short, since it keeps its event loop from running others. If it panics, the barrier is broken, and the panic goes on
    /// in the party that ran it.
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
    ///
    /// # Panics
    ///
    /// If there is no party.
    pub fn with_action(parties: usize, action: impl Fn() + Send + Sync + 'static) -> Self {
        assert!(parties > 0, "a barrier has at least one party");
        let round = Round { phase: Phase::Filling, inside: 0, numbers: Vec::new(), next: 0 };
        Self { round: threads::Lock::guarding(round), changed: Condition::new(), parties, action: Box::new(action) }
    }

    /// Waits until all parties have come, and returns how many came before this one. See the example of [`Barrier`].
    ///
    /// Cancel safe: a party that is cancelled while it waits leaves, and the others wait for another one; if all have come,
    /// the others go on without it.
    ///
    /// # Errors
    ///
    /// When the barrier is broken or reset, before or meanwhile.
    pub async fn wait(&self) -> Result<usize, Broken> {
        self.pass(async { drop(self.changed.until(&self.round, |round| round.phase != Phase::Filling).await) }).await
    }

    /// The same, but waits until `timeout` has passed at most; then it breaks the barrier. (To leave without breaking it, as
    /// with `asyncio.wait_for`, put a [`tokio::time::timeout`] around [`wait`](Barrier::wait).)
    ///
    /// Cancel safe as [`wait`](Barrier::wait) is: a cancellation breaks nothing.
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
    ///
    /// # Errors
    ///
    /// When the barrier is broken or reset, before or meanwhile, or not all parties came in time.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has a clock.
    pub async fn wait_timeout(&self, timeout: Duration) -> Result<usize, Broken> {
        self.pass(async {
            let complete = self.changed.until(&self.round, |round| round.phase != Phase::Filling);
            if time::timeout(timeout, complete).await.is_err() {
                self.give_up();
            }
        })
        .await
    }

    fn give_up(&self) {
        let round = self.round.acquire();
        if round.phase == Phase::Filling {
            self.turn(round, Phase::Broken);
        }
    }

    async fn pass(&self, stay: impl Future<Output = ()>) -> Result<usize, Broken> {
        let party = self.enter().await?;
        stay.await;
        party.go()
    }

    // ANCHOR: phases
    /// Waits while those of the last round are still going, and comes. Who is last to come lets all go on.
    async fn enter(&self) -> Result<Party<'_>, Broken> {
        let gone = |round: &mut Round| !matches!(round.phase, Phase::Draining | Phase::Resetting);
        let mut round = self.changed.until(&self.round, gone).await;
        if round.phase == Phase::Broken {
            return Err(Broken);
        }
        let party = round.party(self);
        if round.inside == self.parties {
            self.act(round);
        }
        Ok(party)
    }

    /// Runs the action, and lets everybody go on.
    fn act(&self, round: threads::LockGuard<Round>) {
        let end = panic::catch_unwind(AssertUnwindSafe(&self.action));
        self.turn(round, if end.is_err() { Phase::Broken } else { Phase::Draining });
        end.unwrap_or_else(|panicked| panic::resume_unwind(panicked));
    }

    /// Lets the next round begin if this was the last party to go.
    fn leave(&self, number: u64) -> Result<usize, Broken> {
        let mut round = self.round.acquire();
        let (index, phase) = (round.leave(number), round.phase);
        if round.inside == 0 && phase != Phase::Broken {
            self.turn(round, Phase::Filling);
        }
        if phase == Phase::Draining { Ok(index) } else { Err(Broken) }
    }

    fn turn(&self, mut round: threads::LockGuard<Round>, phase: Phase) {
        round.turn(phase);
        drop(round);
        self.changed.notify_all();
    }
    // ANCHOR_END: phases

    /// Breaks the barrier: whoever waits, and whoever comes, gets [`Broken`].
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
        self.turn(self.round.acquire(), Phase::Broken);
    }

    /// Makes the barrier as new: whoever waits gets [`Broken`], and whoever comes starts a new round. See the example of
    /// [`Barrier::wait_timeout`].
    pub fn reset(&self) {
        let round = self.round.acquire();
        match (round.inside, round.phase) {
            (0, _) => self.turn(round, Phase::Filling),
            (_, Phase::Filling | Phase::Broken) => self.turn(round, Phase::Resetting),
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
        f.debug_struct("Barrier").field("parties", &self.parties).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "tests/barrier.rs"]
mod tests;
