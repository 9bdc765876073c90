//! A place where processes wait for each other: Python's `multiprocessing.Barrier`.
//!
//! It differs from a [`threads::Barrier`](crate::threads::Barrier) in that a party may be killed. The barrier knows who took
//! part in the last round and who has come since; those who wait look from time to time whether all of them still live, and
//! if not, the barrier *breaks*, as it does when a party waits with a timeout, or gives up. Python's waits for the dead for
//! ever. A party that has ended in good order is missed in the same way, if others still wait: whoever goes on with new
//! parties [resets](Barrier::reset) the barrier first.
//!
//! A round is *filling* until all parties have come, then *draining* until all have gone; only then the next one begins,
//! so a fast party cannot be counted twice. [`Barrier::reset`] drains a round that is not complete. These are Python's
//! four states.
//!
//! A working engineer reaches for `pthread_barrier_t`, *process-shared*, which never breaks; or has a coordinator that
//! holds a pipe or a socket to each party, which the kernel closes when one dies.
//!
//! # Killed, wherever it may be
//!
//! | killed | what the others find |
//! | --- | --- |
//! | after it has come | a dead party: it breaks, unless all others come before anybody looks |
//! | as the last one to come, before all may go, in the action too | a dead party: it breaks |
//! | after all may go | a complete round, and then one that a dead party is missing from: it breaks |
//! | in the middle of a reset | the old round, or the new one |

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::os::holder::Holder;
use super::os::shared::{LINE, Place, Shared, Words};
use super::{Condition, Lock, LockGuard};
use crate::errors::Broken;
use crate::sync::deadline_after;

/// Which word says how many parties there must be.
const PARTIES: usize = 0;
/// How many words there are before the parts.
const WORDS: usize = LINE;

/// Parties come, and wait.
const FILLING: u64 = 0;
/// All have come, and go on.
const DRAINING: u64 = 1;
/// The round was given up, and those who waited go.
const RESETTING: u64 = 2;
/// Nobody waits here until somebody resets the barrier.
const BROKEN: u64 = 3;

/// No party. Any other word is the [`Holder`] of one that took part in the last round, or has come since.
const NO_PARTY: u64 = Holder::NOBODY.word();
/// Besides the holder: it is between coming and going.
const INSIDE: u64 = 1 << 31;

/// A barrier for a number of parties, used again and again. Its clones are the same barrier.
///
/// ```
/// use std::sync::Arc;
/// use chapters::processes::{Barrier, shared::Shared};
///
/// # fn main() -> std::io::Result<()> {
/// let barrier = Barrier::new(&Arc::new(Shared::new(64)?), 3)?;
/// let mut arrivals: Vec<usize> = std::thread::scope(|scope| {
///     let parties: Vec<_> = (0..3).map(|_| scope.spawn(|| barrier.wait().unwrap())).collect();
///     parties.into_iter().map(|party| party.join().unwrap()).collect()
/// });
/// arrivals.sort();
/// assert_eq!(arrivals, [0, 1, 2]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Barrier {
    words: Words,
    /// Says who takes part. Touched with `phase` locked, which is why relaxed will do.
    parties: Words,
    phase: Lock<u64>,
    changed: Condition,
    action: Arc<dyn Fn() + Send + Sync>,
}

impl Barrier {
    /// How many words of shared memory a barrier for so many parties takes.
    pub const fn words(parties: usize) -> usize {
        PARTS.saturating_add(parties)
    }

    /// Makes a barrier for so many parties.
    ///
    /// # Errors
    ///
    /// When `memory` has not so many [words](Barrier::words) left.
    ///
    /// # Panics
    ///
    /// If there is no party. Python raises `ValueError`, since 3.13.
    pub fn new(memory: &Arc<Shared>, parties: usize) -> io::Result<Self> {
        Self::with_action(memory, parties, || {})
    }

    /// Makes a barrier with an action, which the last party to come runs before anybody goes on.
    ///
    /// The action runs with the barrier locked, as in Python: it must not use the barrier itself. If it panics, the barrier
    /// is broken, and the panic goes on in the party that ran it. It is a function of this process, which its children made
    /// by `fork` have too; others bring [their own](Barrier::at_with_action).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use chapters::processes::{Barrier, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let rounds = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&rounds);
    /// let action = move || _ = counter.fetch_add(1, Ordering::Relaxed);
    /// let barrier = Barrier::with_action(&Arc::new(Shared::new(64)?), 2, action)?;
    /// std::thread::scope(|scope| {
    ///     for _ in 0..2 {
    ///         scope.spawn(|| {
    ///             barrier.wait().unwrap();
    ///             assert_eq!(rounds.load(Ordering::Relaxed), 1);
    ///         });
    ///     }
    /// });
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When `memory` has not so many [words](Barrier::words) left.
    ///
    /// # Panics
    ///
    /// If there is no party.
    pub fn with_action(
        memory: &Arc<Shared>,
        parties: usize,
        action: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        assert!(parties > 0, "a barrier has at least one party");
        let place = memory.place(Self::words(parties))?;
        memory.at(place, WORDS)?[PARTIES].store(parties as u64, Ordering::Relaxed);
        Self::at_with_action(memory, place, action)
    }

    /// The barrier that another process made at `place`. As [`Lock::at`].
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        Self::at_with_action(memory, place, || {})
    }

    /// The same, with the action that is run if this process is the last to come.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn at_with_action(
        memory: &Arc<Shared>,
        place: Place,
        action: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let words = memory.at(place, WORDS)?;
        let parties = memory.at(place.after(PARTS), words[PARTIES].load(Ordering::Relaxed) as usize)?;
        let phase = Lock::at(memory, place.after(WORDS))?;
        let changed = Condition::at(memory, place.after(WORDS + Lock::<u64>::WORDS))?;
        Ok(Self { words, parties, phase, changed, action: Arc::new(action) })
    }

    /// Where it lies, to be sent to other processes. As [`Lock::place`].
    pub fn place(&self) -> Place {
        self.words.place()
    }

    /// Blocks until all parties have come, and returns how many came before this one. See the example of [`Barrier`].
    ///
    /// # Errors
    ///
    /// When the barrier is broken or reset, before or meanwhile, or a party is dead.
    pub fn wait(&self) -> Result<usize, Broken> {
        self.pass(None)
    }

    /// The same, but blocks until `timeout` has passed at most; then it breaks the barrier.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::errors::Broken;
    /// use chapters::processes::{Barrier, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let barrier = Barrier::new(&Arc::new(Shared::new(64)?), 2)?;
    /// assert_eq!(barrier.wait_timeout(Duration::from_millis(1)), Err(Broken));
    /// assert!(barrier.is_broken());
    /// assert_eq!(barrier.wait(), Err(Broken));
    /// barrier.reset();
    /// assert!(!barrier.is_broken());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the barrier is broken or reset, before or meanwhile, or not all parties came in time.
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, Broken> {
        self.pass(deadline_after(timeout))
    }

    fn pass(&self, deadline: Option<Instant>) -> Result<usize, Broken> {
        let mut phase = self.enter()?;
        let index = self.inside();
        let place = self.come();
        let mut panicked = None;
        if self.inside() == self.parties() {
            panicked = self.act(&mut phase);
        } else {
            phase = self.stay(phase, deadline);
        }
        let passed = *phase == DRAINING;
        self.leave(phase, place);
        if let Some(payload) = panicked {
            panic::resume_unwind(payload);
        }
        if passed { Ok(index) } else { Err(Broken) }
    }

    // ANCHOR: phases
    /// Blocks while those of the last round are still going.
    fn enter(&self) -> Result<LockGuard<'_, u64>, Broken> {
        let gone = |phase: &mut LockGuard<u64>, look| {
            self.settle(phase, look);
            if **phase == FILLING && self.inside() == self.parties() {
                self.turn(phase, BROKEN); // the last one to come died before it could turn the round
            }
            matches!(**phase, FILLING | BROKEN)
        };
        let (phase, _) = self.changed.watch_until(self.phase.acquire(), None, gone);
        if *phase == BROKEN { Err(Broken) } else { Ok(phase) }
    }

    /// Blocks until the round has turned. If it does not, or not in time, turns it.
    fn stay<'a>(&'a self, phase: LockGuard<'a, u64>, deadline: Option<Instant>) -> LockGuard<'a, u64> {
        let turned = |phase: &mut LockGuard<u64>, look| {
            if look && **phase == FILLING && self.the_dead().next().is_some() {
                self.turn(phase, BROKEN);
            }
            **phase != FILLING
        };
        let (mut phase, complete) = self.changed.watch_until(phase, deadline, turned);
        if !complete {
            self.turn(&mut phase, BROKEN);
        }
        phase
    }

    /// Runs the action, and lets everybody go on.
    fn act(&self, phase: &mut u64) -> Option<Box<dyn Any + Send>> {
        let panicked = panic::catch_unwind(AssertUnwindSafe(&*self.action)).err();
        self.turn(phase, if panicked.is_some() { BROKEN } else { DRAINING });
        panicked
    }

    /// Lets the next round begin if this was the last party to go. Who took part in one that was complete is remembered.
    fn leave(&self, mut phase: LockGuard<'_, u64>, place: usize) {
        let party = if *phase == DRAINING { Holder::this_process().word() } else { NO_PARTY };
        self.put(place, party);
        self.settle(&mut phase, false);
    }

    /// Lets the next round begin if all parties have gone, or died.
    fn settle(&self, phase: &mut u64, look: bool) {
        if !matches!(*phase, DRAINING | RESETTING) {
            return;
        }
        if look {
            self.the_dead().for_each(|place| self.put(place, self.party(place) & !INSIDE));
        }
        if self.inside() == 0 {
            if *phase == RESETTING {
                (0..self.parties()).for_each(|place| self.put(place, NO_PARTY));
            }
            self.turn(phase, FILLING);
        }
    }

    fn turn(&self, phase: &mut u64, to: u64) {
        *phase = to;
        self.changed.notify_all();
    }
    // ANCHOR_END: phases

    /// Writes this process's name where it stood in the last round, or else where nobody stands or has come yet.
    fn come(&self) -> usize {
        let me = Holder::this_process().word();
        let mut places = 0..self.parties();
        let mine = places.clone().find(|&place| self.party(place) == me);
        let free = || places.clone().find(|&place| self.party(place) == NO_PARTY);
        let place = mine.or_else(free).or_else(|| places.find(|&place| self.party(place) & INSIDE == 0));
        let place = place.expect("not all parties have come");
        self.put(place, me | INSIDE);
        place
    }

    fn inside(&self) -> usize {
        (0..self.parties()).filter(|&place| self.party(place) & INSIDE != 0).count()
    }

    fn the_dead(&self) -> impl Iterator<Item = usize> {
        (0..self.parties()).filter(|&place| Holder::in_word(self.party(place)).is_dead())
    }

    fn party(&self, place: usize) -> u64 {
        self.parties[place].load(Ordering::Relaxed)
    }

    fn put(&self, place: usize, party: u64) {
        self.parties[place].store(party, Ordering::Relaxed);
    }

    /// Breaks the barrier: whoever waits, and whoever comes, gets [`Broken`].
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::errors::Broken;
    /// use chapters::processes::{Barrier, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let barrier = Barrier::new(&Arc::new(Shared::new(64)?), 2)?;
    /// std::thread::scope(|scope| {
    ///     let party = scope.spawn(|| barrier.wait());
    ///     barrier.abort();
    ///     assert_eq!(party.join().unwrap(), Err(Broken));
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn abort(&self) {
        self.turn(&mut self.phase.acquire(), BROKEN);
    }

    /// Makes the barrier as new: whoever waits gets [`Broken`], whoever comes starts a new round, and whoever took part in
    /// the last one may be dead. See the example of [`Barrier::wait_timeout`].
    pub fn reset(&self) {
        let mut phase = self.phase.acquire();
        if *phase == DRAINING && self.inside() > 0 {
            // Nobody waits. Those of the last round go on, and are forgotten if they have gone or died.
            let dead: Vec<usize> = self.the_dead().collect();
            let forgotten = |&place: &usize| self.party(place) & INSIDE == 0 || dead.contains(&place);
            (0..self.parties()).filter(forgotten).for_each(|place| self.put(place, NO_PARTY));
        } else {
            self.turn(&mut phase, RESETTING);
        }
        self.settle(&mut phase, true);
    }

    /// Whether the barrier is broken. See the example of [`Barrier::wait_timeout`].
    pub fn is_broken(&self) -> bool {
        *self.phase.acquire() == BROKEN
    }

    /// How many parties have come and wait for the others. Those who died count until somebody has looked.
    pub fn n_waiting(&self) -> usize {
        let phase = self.phase.acquire();
        if *phase == FILLING { self.inside() } else { 0 }
    }

    /// How many parties there must be.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{Barrier, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let barrier = Barrier::new(&Arc::new(Shared::new(64)?), 2)?;
    /// assert_eq!((barrier.n_waiting(), barrier.parties()), (0, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn parties(&self) -> usize {
        self.parties.len()
    }
}

/// How many words a barrier takes, without those for its parties.
const PARTS: usize = WORDS + Lock::<u64>::WORDS + Condition::WORDS;

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Barrier").field("parties", &self.parties()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "tests/barrier.rs"]
mod tests;
