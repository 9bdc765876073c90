//! So many at a time, and no more: Python's `multiprocessing.Semaphore` and `multiprocessing.BoundedSemaphore`.
//!
//! It differs from a [`Lock`] in number, and in that permits belong to nobody: one process can take a permit and another
//! one give it back. Taken as a guard, a [`Permit`] gives itself back; to use the semaphore as a count of something that
//! one side produces and the other one consumes, [forget](Permit::forget) the permits and [release](Semaphore::release)
//! new ones.
//!
//! It differs from [`threads::Semaphore`](crate::threads::Semaphore) in that a process can be killed while it has a permit.
//! So a permit is not one less in a number, but a word that says which process has it. Whoever waits looks from time to
//! time whether those processes still live, and takes a dead one's permit. In Python it is lost, and when all are lost,
//! everybody waits for ever. Lost is here what nobody's name is on: a permit that was forgotten, and one of those that were
//! released beyond the first ones, which are a number.
//!
//! A working engineer reaches for `sem_open`, POSIX's named semaphore, which is what Python's is made of and loses the
//! permits of the dead; or for System V's `semop` with `SEM_UNDO`, which the kernel gives back.
//!
//! # Killed, wherever it may be
//!
//! | killed | what the others find |
//! | --- | --- |
//! | while it waits | nothing |
//! | before it has written its name on a permit | a free permit |
//! | afterwards, until it has given it back | a permit with the name of a dead one |
//! | after it has given it back, before it wakes somebody | a free permit, when they look next |
//! | in the middle of a release of many | some of them |

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::os::holder::Holder;
use super::os::shared::{LINE, Place, Shared, Words};
use super::{Condition, Lock, LockGuard};
use crate::errors::TooMany;
use crate::sync::deadline_after;

/// Which word says how many permits there were at first.
const FIRST: usize = 0;
/// Which word says how many there are at most.
const LIMIT: usize = 1;
/// How many words there are before the parts.
const WORDS: usize = LINE;

/// Nobody has the permit.
const FREE: u64 = Holder::NOBODY.word();
/// Somebody took the permit, and did not say who has it now. Any other word is the [`Holder`] that has it.
const FORGOTTEN: u64 = Holder::FLAGS;

/// Permits that processes take and give back. Its clones are the same semaphore.
///
/// Taking one costs the more, the more there are: it looks for a free one.
///
/// ```
/// use std::sync::Arc;
/// use chapters::processes::{Semaphore, shared::Shared};
///
/// # fn main() -> std::io::Result<()> {
/// let connections = Semaphore::new(&Arc::new(Shared::new(64)?), 2)?;
/// let _first = connections.acquire();
/// let second = connections.acquire();
/// assert!(connections.try_acquire().is_none());
/// drop(second);
/// assert_eq!(connections.available(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Semaphore {
    words: Words,
    /// Says who has which permit. Touched with `extra` locked, which is why relaxed will do.
    permits: Words,
    /// How many permits there are to take besides.
    extra: Lock<u64>,
    released: Condition,
}

impl Semaphore {
    /// How many words of shared memory a semaphore with so many permits takes.
    pub const fn words(permits: usize) -> usize {
        PARTS.saturating_add(permits)
    }

    /// Makes a semaphore with so many permits. A negative number, Python's `OSError`, is impossible by type.
    ///
    /// # Errors
    ///
    /// When `memory` has not so many [words](Semaphore::words) left.
    pub fn new(memory: &Arc<Shared>, permits: usize) -> io::Result<Self> {
        Self::with_limit(memory, permits, usize::MAX)
    }

    fn with_limit(memory: &Arc<Shared>, permits: usize, limit: usize) -> io::Result<Self> {
        let place = memory.place(Self::words(permits))?;
        let words = memory.at(place, WORDS)?;
        words[FIRST].store(permits as u64, Ordering::Relaxed);
        words[LIMIT].store(limit as u64, Ordering::Relaxed);
        Self::at(memory, place)
    }

    /// The semaphore that another process made at `place`. As [`Lock::at`].
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        let words = memory.at(place, WORDS)?;
        let permits = memory.at(place.after(PARTS), words[FIRST].load(Ordering::Relaxed) as usize)?;
        let extra = Lock::at(memory, place.after(WORDS))?;
        let released = Condition::at(memory, place.after(WORDS + Lock::<u64>::WORDS))?;
        Ok(Self { words, permits, extra, released })
    }

    /// Where it lies, to be sent to other processes. As [`Lock::place`].
    pub fn place(&self) -> Place {
        self.words.place()
    }

    // ANCHOR: acquire
    /// Blocks until there is a permit, and takes it. See the example of [`Semaphore`].
    pub fn acquire(&self) -> Permit<'_> {
        self.acquire_until(None).expect("there is a permit")
    }

    fn acquire_until(&self, deadline: Option<Instant>) -> Option<Permit<'_>> {
        let found =
            |extra: &mut LockGuard<u64>, check| self.count(**extra) > 0 || check && self.free_permits_of_dead() > 0;
        self.take(self.released.watch_until(self.extra.acquire(), deadline, found).0)
    }

    fn take(&self, mut extra: LockGuard<'_, u64>) -> Option<Permit<'_>> {
        let (me, index) = (Holder::this_process(), self.find(FREE).next());
        match index {
            Some(index) => self.permits[index].store(me.word(), Ordering::Relaxed),
            None => *extra = extra.checked_sub(1)?,
        }
        Some(Permit { semaphore: self, index, holder: me })
    }

    /// Frees the permits of the dead, and says how many these were.
    fn free_permits_of_dead(&self) -> usize {
        let is_dead = |permit: &&AtomicU64| Holder::in_word(permit.load(Ordering::Relaxed)).is_dead();
        self.permits.iter().filter(is_dead).map(|permit| permit.store(FREE, Ordering::Relaxed)).count()
    }
    // ANCHOR_END: acquire

    /// Takes a permit if there is one, or a dead process has one: Python's `acquire(block=False)`. See the example of
    /// [`Semaphore`].
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let extra = self.extra.acquire();
        if self.count(*extra) == 0 {
            self.free_permits_of_dead();
        }
        self.take(extra)
    }

    /// Blocks until there is a permit or `timeout` has passed: Python's `acquire(timeout=...)`. A zero timeout is one try.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use chapters::processes::{Semaphore, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let semaphore = Semaphore::new(&Arc::new(Shared::new(64)?), 0)?;
    /// assert!(semaphore.acquire_timeout(Duration::from_millis(1)).is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.acquire_until(deadline_after(timeout))
    }

    /// Adds `n` permits, whether or not they were taken from here. None is fine. Python's `release` has no `n`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chapters::processes::{Semaphore, shared::Shared};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (items, count) = (std::sync::Mutex::new(Vec::new()), Semaphore::new(&Arc::new(Shared::new(64)?), 0)?);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         items.lock().unwrap().extend(["an item", "another one"]);
    ///         count.release(2);
    ///     });
    ///     for _ in 0..2 {
    ///         count.acquire().forget();
    ///         assert!(items.lock().unwrap().pop().is_some());
    ///     }
    /// });
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If there were more permits than a `usize` can count.
    pub fn release(&self, n: usize) {
        self.add(n).expect("so many permits can be counted");
    }

    fn add(&self, n: usize) -> Result<(), TooMany> {
        let mut extra = self.extra.acquire();
        let limit = self.words[LIMIT].load(Ordering::Relaxed) as usize;
        if n > limit.saturating_sub(self.count(*extra)) {
            return Err(TooMany);
        }
        let free = |index: usize| self.permits[index].store(FREE, Ordering::Relaxed);
        let forgotten = self.find(FORGOTTEN).take(n).map(free).count();
        if limit == self.permits.len() {
            // In place of those who have them.
            self.taken().take(n - forgotten).for_each(free);
        } else {
            *extra = extra.saturating_add((n - forgotten) as u64);
        }
        drop(extra);
        self.released.notify(n);
        Ok(())
    }

    fn give_back(&self, index: Option<usize>, holder: Holder) {
        let mut extra = self.extra.acquire();
        match index {
            None => *extra = extra.saturating_add(1),
            Some(index) if self.permits[index].load(Ordering::Relaxed) == holder.word() => {
                self.permits[index].store(FREE, Ordering::Relaxed);
            }
            Some(_) => return, // somebody released in its place
        }
        drop(extra);
        self.released.notify(1);
    }

    /// How many permits there are to take. Those that dead processes have count when somebody has looked.
    pub fn available(&self) -> usize {
        self.count(*self.extra.acquire())
    }

    fn count(&self, extra: u64) -> usize {
        (extra as usize).saturating_add(self.find(FREE).count())
    }

    fn find(&self, word: u64) -> impl Iterator<Item = usize> {
        (0..self.permits.len()).filter(move |&index| self.permits[index].load(Ordering::Relaxed) == word)
    }

    fn taken(&self) -> impl Iterator<Item = usize> {
        (0..self.permits.len()).filter(|&index| self.permits[index].load(Ordering::Relaxed) != FREE)
    }
}

/// How many words a semaphore takes, without its permits.
const PARTS: usize = WORDS + Lock::<u64>::WORDS + Condition::WORDS;

/// A permit of a [`Semaphore`] or a [`BoundedSemaphore`], given back when dropped, also by a panic.
///
/// It is the process's: any of its threads may have it. In a child made by `fork`, the copy of a permit does nothing.
#[derive(Debug)]
#[must_use = "the permit is given back when it is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    /// Which word says who has it; none if it is one of the extra ones.
    index: Option<usize>,
    holder: Holder,
}

impl Permit<'_> {
    /// Keeps the permit taken, also when this process ends. Who wants it back releases it elsewhere. See the example of
    /// [`Semaphore::release`].
    pub fn forget(self) {
        if let Some(index) = self.index {
            let _extra = self.semaphore.extra.acquire();
            if self.semaphore.permits[index].load(Ordering::Relaxed) == self.holder.word() {
                self.semaphore.permits[index].store(FORGOTTEN, Ordering::Relaxed);
            }
        }
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    /// If somebody released in place of this permit, it has been given back.
    fn drop(&mut self) {
        if self.holder == Holder::this_process() {
            self.semaphore.give_back(self.index, self.holder);
        }
    }
}

/// A [`Semaphore`] that never has more permits than at first: to release too often is an error. On some systems, Python's
/// cannot tell.
///
/// ```
/// use std::sync::Arc;
/// use chapters::errors::TooMany;
/// use chapters::processes::{BoundedSemaphore, shared::Shared};
///
/// # fn main() -> std::io::Result<()> {
/// let semaphore = BoundedSemaphore::new(&Arc::new(Shared::new(64)?), 1)?;
/// assert_eq!(semaphore.release(1), Err(TooMany));
/// semaphore.acquire().forget();
/// assert_eq!(semaphore.release(1), Ok(()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct BoundedSemaphore(Semaphore);

impl BoundedSemaphore {
    /// Makes a semaphore with so many permits at most. See the example of [`BoundedSemaphore`].
    ///
    /// # Errors
    ///
    /// When `memory` has not so many [words](Semaphore::words) left.
    pub fn new(memory: &Arc<Shared>, permits: usize) -> io::Result<Self> {
        Semaphore::with_limit(memory, permits, permits).map(Self)
    }

    /// The semaphore that another process made at `place`. As [`Lock::at`].
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        Semaphore::at(memory, place).map(Self)
    }

    /// Where it lies, to be sent to other processes. As [`Lock::place`].
    pub fn place(&self) -> Place {
        self.0.place()
    }

    /// Blocks until there is a permit, and takes it. As [`Semaphore::acquire`].
    pub fn acquire(&self) -> Permit<'_> {
        self.0.acquire()
    }

    /// Takes a permit if there is one. As [`Semaphore::try_acquire`].
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.0.try_acquire()
    }

    /// Blocks until there is a permit or `timeout` has passed. As [`Semaphore::acquire_timeout`].
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.0.acquire_timeout(timeout)
    }

    /// Gives `n` permits back that were taken and forgotten. See the example of [`BoundedSemaphore`].
    ///
    /// # Errors
    ///
    /// When there would be more permits than at first: then none is given back. Python raises `ValueError`.
    pub fn release(&self, n: usize) -> Result<(), TooMany> {
        self.0.add(n)
    }

    /// How many permits there are to take. As [`Semaphore::available`].
    pub fn available(&self) -> usize {
        self.0.available()
    }
}

#[cfg(test)]
#[path = "tests/semaphore.rs"]
mod tests;
