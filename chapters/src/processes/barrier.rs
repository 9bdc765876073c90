//! A place where processes wait for each other: the counterpart of Python's `multiprocessing.Barrier`.
//!
//! # Differences from other types
//!
//! - [`threads::Barrier`](crate::threads::Barrier): a party, that is, a process that takes part, may be killed. The
//!   barrier knows which parties took part in the last round and which have arrived since. A waiting party checks every
//!   50 ms that all of them are alive. If one isn't, the barrier *breaks*, as it does when a party's timeout expires. A
//!   party that has exited normally counts as missing, too, so [reset](Barrier::reset) the barrier before you continue
//!   with others.
//! - `multiprocessing.Barrier` waits for a dead party forever. It also has a default timeout, given when it is created;
//!   here each call has its own ([`wait_timeout`](Barrier::wait_timeout)), which also applies while parties of the last round
//!   are still leaving. Python's `wait` waits for these without a timeout.
//! - `pthread_barrier_t` with the *process-shared* attribute never breaks.
//!
//! A working engineer uses a coordinator with a pipe or a socket to each party, which the kernel closes when that party
//! dies.
//!
//! # How it works
//!
//! A round is *filling* until all parties have arrived, then *draining* until all have left. Only then does the next round
//! begin. Without that, a fast party could be counted twice:
//!
//! | Process 1 | Process 2 | without `DRAINING` |
//! | --- | --- | --- |
//! | arrives, sleeps | | 1 of 2 |
//! | | arrives, wakes Process 1, leaves | 2 of 2 |
//! | | arrives for the next round before Process 1 has run | 3 of 2 |
//!
//! [`Barrier::reset`] drains a round that isn't complete (*resetting*). These are Python's four states.
//!
//! # Killed at any point
//!
//! | killed | what the others find |
//! | --- | --- |
//! | after it has arrived | a dead party: the barrier breaks, unless all others arrive before one of them checks |
//! | as the last party, before it has started the draining, even in the action | a dead party: the barrier breaks |
//! | while the round drains | a complete round, and then one in which a dead party is missing: the barrier breaks |
//! | in the middle of a reset | the old round, or the new one |
//!
//! [Garbage](super::holder#garbage) in place of a party is a dead party, unless it names a live process that maps the memory.
//! The barrier waits for such a process until it ends, or a timeout expires.

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

/// The word with the number of parties.
const PARTIES: usize = 0;
/// The number of words before the parts.
const WORDS: usize = LINE;

/// Parties arrive and wait.
const FILLING: u64 = 0;
/// All parties have arrived, and leave.
const DRAINING: u64 = 1;
/// The round was abandoned, and the parties that waited leave.
const RESETTING: u64 = 2;
/// No party can wait until the barrier is reset. A number that no process writes means the same.
const BROKEN: u64 = 3;

/// No party. Any other word is the [`Holder`] of a party that took part in the last round, or has arrived since.
const NO_PARTY: u64 = Holder::NOBODY.word();
/// A flag besides the holder: the party has arrived and hasn't left.
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
    /// The parties. Accessed only with `phase` locked, so relaxed is enough.
    parties: Words,
    phase: Lock<u64>,
    changed: Condition,
    action: Arc<dyn Fn() + Send + Sync>,
}

impl Barrier {
    /// The number of words of shared memory that a barrier for that many parties needs.
    pub const fn words(parties: usize) -> usize {
        PARTS.saturating_add(parties)
    }

    /// Creates a barrier for that many parties.
    ///
    /// # Errors
    ///
    /// If fewer than that many [words](Barrier::words) of `memory` are left.
    ///
    /// # Panics
    ///
    /// If `parties` is zero. Python raises `ValueError`, since 3.13.
    pub fn new(memory: &Arc<Shared>, parties: usize) -> io::Result<Self> {
        Self::with_action(memory, parties, || {})
    }

    /// Creates a barrier with an action, which the last party to arrive runs before any party continues.
    ///
    /// The action runs with the barrier locked, as in Python, so it must not use the barrier. If it panics, the barrier
    /// breaks, and the panic continues in the party that ran it. The action is a function of this process and of its
    /// children made by `fork`; other processes [bring their own](Barrier::at_with_action).
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
    /// If fewer than that many [words](Barrier::words) of `memory` are left.
    ///
    /// # Panics
    ///
    /// If `parties` is zero.
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

    /// Opens the barrier that another process created at `place`. [`Lock::at`] has an example.
    ///
    /// # Errors
    ///
    /// If no barrier is there.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        Self::at_with_action(memory, place, || {})
    }

    /// Like [`at`](Barrier::at), with the action that runs if this process is the last to arrive.
    ///
    /// # Errors
    ///
    /// If no barrier is there.
    pub fn at_with_action(
        memory: &Arc<Shared>,
        place: Place,
        action: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let words = memory.at(place, WORDS)?;
        if words[PARTIES].load(Ordering::Relaxed) == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the shared memory has no barrier at this place"));
        }
        let parties = memory.at(place.after(PARTS), words[PARTIES].load(Ordering::Relaxed) as usize)?;
        let phase = Lock::at(memory, place.after(WORDS))?;
        let changed = Condition::at(memory, place.after(WORDS + Lock::<u64>::WORDS))?;
        Ok(Self { words, parties, phase, changed, action: Arc::new(action) })
    }

    /// Returns where it is in the memory, to be sent to other processes.
    pub fn place(&self) -> Place {
        self.words.place()
    }

    /// Blocks until all parties have arrived, and returns how many arrived before this one. [`Barrier`] has an example.
    ///
    /// If parties of the last round haven't left yet, first blocks until they have.
    ///
    /// # Errors
    ///
    /// If the barrier is broken or gets broken or reset, or a party is dead.
    pub fn wait(&self) -> Result<usize, Broken> {
        self.pass(None)
    }

    /// Like [`wait`](Barrier::wait), but stops waiting after `timeout`, and then breaks the barrier.
    ///
    /// The timeout includes the time that the parties of the last round need to leave. If they don't leave in time, the
    /// barrier breaks as if by [`abort`](Barrier::abort).
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
    /// If the barrier is broken or gets broken or reset, or not all parties arrive in time.
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, Broken> {
        self.pass(deadline_after(timeout))
    }

    fn pass(&self, deadline: Option<Instant>) -> Result<usize, Broken> {
        let mut phase = self.enter(deadline)?;
        let index = self.inside();
        let place = self.arrive();
        let mut panicked = None;
        if self.inside() == self.parties() {
            panicked = self.act(&mut phase);
        } else {
            phase = self.wait_for_others(phase, deadline);
        }
        let passed = *phase == DRAINING;
        self.leave(phase, place);
        if let Some(payload) = panicked {
            panic::resume_unwind(payload);
        }
        if passed { Ok(index) } else { Err(Broken) }
    }

    // ANCHOR: phases
    /// Blocks while parties of the last round are still leaving. Breaks the barrier if the deadline passes.
    fn enter(&self, deadline: Option<Instant>) -> Result<LockGuard<'_, u64>, Broken> {
        let can_enter = |phase: &mut LockGuard<u64>, check| {
            self.finish_round(phase, check);
            if **phase == FILLING && self.inside() == self.parties() {
                self.set_phase(phase, BROKEN); // the last party died before it could start the draining
            }
            !matches!(**phase, DRAINING | RESETTING)
        };
        let (mut phase, entered) = self.changed.watch_until(self.phase.acquire(), deadline, can_enter);
        if !entered {
            self.set_phase(&mut phase, BROKEN);
        }
        if *phase == FILLING { Ok(phase) } else { Err(Broken) }
    }

    /// Blocks until the phase has changed. If a party is dead or the deadline has passed, breaks the barrier.
    fn wait_for_others<'a>(&'a self, phase: LockGuard<'a, u64>, deadline: Option<Instant>) -> LockGuard<'a, u64> {
        let changed = |phase: &mut LockGuard<u64>, check| {
            if check && **phase == FILLING && self.dead_parties().next().is_some() {
                self.set_phase(phase, BROKEN);
            }
            **phase != FILLING
        };
        let (mut phase, complete) = self.changed.watch_until(phase, deadline, changed);
        if !complete {
            self.set_phase(&mut phase, BROKEN);
        }
        phase
    }

    /// Runs the action, and lets all parties leave.
    fn act(&self, phase: &mut u64) -> Option<Box<dyn Any + Send>> {
        let panicked = panic::catch_unwind(AssertUnwindSafe(&*self.action)).err();
        self.set_phase(phase, if panicked.is_some() { BROKEN } else { DRAINING });
        panicked
    }

    /// Leaves, and lets the next round begin if this was the last party. Remembers the parties of a complete round.
    fn leave(&self, mut phase: LockGuard<'_, u64>, place: usize) {
        let party = if *phase == DRAINING { Holder::this_process().word() } else { NO_PARTY };
        self.put(place, party);
        self.finish_round(&mut phase, false);
    }

    /// Lets the next round begin if all parties have left, or with `check` if the others are dead.
    fn finish_round(&self, phase: &mut u64, check: bool) {
        if !matches!(*phase, DRAINING | RESETTING) {
            return;
        }
        if check {
            self.dead_parties().for_each(|place| self.put(place, self.party(place) & !INSIDE));
        }
        if self.inside() == 0 {
            if *phase == RESETTING {
                (0..self.parties()).for_each(|place| self.put(place, NO_PARTY));
            }
            self.set_phase(phase, FILLING);
        }
    }

    fn set_phase(&self, phase: &mut u64, to: u64) {
        *phase = to;
        self.changed.notify_all();
    }
    // ANCHOR_END: phases

    /// Registers this process in the slot that it had in the last round, or else in one that is free.
    fn arrive(&self) -> usize {
        let me = Holder::this_process().word();
        let mut places = 0..self.parties();
        let mine = places.clone().find(|&place| self.party(place) == me);
        let free = || places.clone().find(|&place| self.party(place) == NO_PARTY);
        let place = mine.or_else(free).or_else(|| places.find(|&place| self.party(place) & INSIDE == 0));
        let place = place.expect("a party that hasn't arrived has a free slot");
        self.put(place, me | INSIDE);
        place
    }

    fn inside(&self) -> usize {
        (0..self.parties()).filter(|&place| self.party(place) & INSIDE != 0).count()
    }

    fn dead_parties(&self) -> impl Iterator<Item = usize> {
        (0..self.parties()).filter(|&place| self.parties.names_dead_holder(self.party(place)))
    }

    fn party(&self, place: usize) -> u64 {
        self.parties[place].load(Ordering::Relaxed)
    }

    fn put(&self, place: usize, party: u64) {
        self.parties[place].store(party, Ordering::Relaxed);
    }

    /// Breaks the barrier: parties that are waiting or arrive later get [`Broken`].
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
        self.set_phase(&mut self.phase.acquire(), BROKEN);
    }

    /// Starts over: parties that are waiting get [`Broken`], and parties that arrive later start a new round, in which no
    /// party of an earlier one is expected. [`Barrier::wait_timeout`] has an example.
    pub fn reset(&self) {
        let mut phase = self.phase.acquire();
        if *phase == DRAINING && self.inside() > 0 {
            // No party is waiting. Those of the last round leave, and are forgotten if they have left or died.
            let dead: Vec<usize> = self.dead_parties().collect();
            let forgotten = |&place: &usize| self.party(place) & INSIDE == 0 || dead.contains(&place);
            (0..self.parties()).filter(forgotten).for_each(|place| self.put(place, NO_PARTY));
        } else {
            self.set_phase(&mut phase, RESETTING);
        }
        self.finish_round(&mut phase, true);
    }

    /// Returns whether the barrier is broken. [`Barrier::wait_timeout`] has an example.
    pub fn is_broken(&self) -> bool {
        !matches!(*self.phase.acquire(), FILLING | DRAINING | RESETTING)
    }

    /// Returns how many parties have arrived and are waiting for the others. Dead ones count until a party has checked.
    pub fn n_waiting(&self) -> usize {
        let phase = self.phase.acquire();
        if *phase == FILLING { self.inside() } else { 0 }
    }

    /// Returns the number of parties.
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

/// The number of words that a barrier needs, without those for its parties.
const PARTS: usize = WORDS + Lock::<u64>::WORDS + Condition::WORDS;

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Barrier").field("parties", &self.parties()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "tests/barrier.rs"]
mod tests;
