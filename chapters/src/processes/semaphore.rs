//! Semaphores for processes: the counterparts of Python's `multiprocessing.Semaphore` and `BoundedSemaphore`.
//!
//! # Differences from other types
//!
//! One thread at a time can hold a [`Lock`], and it has to release the lock itself. A semaphore has a number of
//! permits, and one process can acquire a permit and another one release it. A [`Permit`] is a guard that releases
//! itself. To count things that one process produces and another consumes, [forget](Permit::forget) the permits, and
//! [release](Semaphore::release) new ones.
//!
//! Unlike a [`threads::Semaphore`](crate::threads::Semaphore), this one has to survive a process that is killed while
//! it holds a permit. The permits are therefore stored as words, each of which names the holder of one permit. A
//! waiting process checks regularly that the holders are alive, and takes the permit of a dead one. In Python, such a
//! permit is lost, and once all permits are lost, every process waits forever. This semaphore can only lose permits
//! that don't name a holder: those that were forgotten, and those that were released in excess of the initial ones,
//! which are only counted.
//!
//! A working engineer uses `sem_open`, POSIX's named semaphore, which Python uses as well and which loses the permits
//! of dead processes; or System V's `semop` with `SEM_UNDO`, whose permits the kernel releases when their holder ends.
//!
//! # Killed at any point
//!
//! | killed | what the others find |
//! | --- | --- |
//! | while it waits | nothing |
//! | before it has stored its holder in a permit's word | a free permit |
//! | after that, before it has released the permit | a permit with a dead holder |
//! | after the release, before it wakes a process | a free permit, at the next check |
//! | while it releases several permits | some of them |
//!
//! [Garbage](super::holder#garbage) in place of a holder is a permit with a dead holder, unless it names a live process that
//! maps the memory, or looks like a permit that was forgotten.

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

/// The index of the word that holds the initial number of permits.
const FIRST: usize = 0;
/// The index of the word that holds the maximum number of permits.
const LIMIT: usize = 1;
/// The number of words before the lock, the condition and the permits.
const WORDS: usize = LINE;

/// A permit that can be acquired.
const FREE: u64 = Holder::NOBODY.word();
/// A permit that was acquired and forgotten. Any other word is the permit's [`Holder`].
const FORGOTTEN: u64 = Holder::FLAGS;

/// A number of permits that processes acquire and release. Its clones are the same semaphore.
///
/// Acquiring a permit takes time in proportion to the number of permits, because it searches for a free one.
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
    /// The state of each permit. Accessed with `extra` locked, so relaxed orderings are enough.
    permits: Words,
    /// The number of available permits in excess of the initial ones.
    extra: Lock<u64>,
    released: Condition,
}

impl Semaphore {
    /// Returns the number of words of shared memory that a semaphore with `permits` permits needs.
    pub const fn words(permits: usize) -> usize {
        PARTS.saturating_add(permits)
    }

    /// Creates a semaphore with a number of permits. In Python, a negative number is an error; the type excludes it
    /// here.
    ///
    /// # Errors
    ///
    /// If fewer words of `memory` are left than [`words`](Semaphore::words) returns.
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

    /// Opens the semaphore that another process created at `place`. [`Lock::at`] has an example.
    ///
    /// # Errors
    ///
    /// If the words at `place` weren't allocated.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        let words = memory.at(place, WORDS)?;
        let permits = memory.at(place.after(PARTS), words[FIRST].load(Ordering::Relaxed) as usize)?;
        let extra = Lock::at(memory, place.after(WORDS))?;
        let released = Condition::at(memory, place.after(WORDS + Lock::<u64>::WORDS))?;
        Ok(Self { words, permits, extra, released })
    }

    /// Returns where the semaphore is in the memory, to be sent to other processes. [`Lock::at`] has an example.
    pub fn place(&self) -> Place {
        self.words.place()
    }

    // ANCHOR: acquire
    /// Acquires a permit, blocking until one is available. [`Semaphore`] has an example.
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

    /// Frees the permits of dead processes, and returns their number.
    fn free_permits_of_dead(&self) -> usize {
        let is_dead = |permit: &&AtomicU64| {
            let word = permit.load(Ordering::Relaxed);
            word != FORGOTTEN && self.permits.names_dead_holder(word)
        };
        self.permits.iter().filter(is_dead).map(|permit| permit.store(FREE, Ordering::Relaxed)).count()
    }
    // ANCHOR_END: acquire

    /// Acquires a permit if one is available or its holder is dead, and returns `None` otherwise. This is Python's
    /// `acquire(block=False)`. [`Semaphore`] has an example.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let extra = self.extra.acquire();
        if self.count(*extra) == 0 {
            self.free_permits_of_dead();
        }
        self.take(extra)
    }

    /// Acquires a permit, blocking for at most `timeout`, and returns `None` if none was available. A zero timeout
    /// tries once. This is Python's `acquire(timeout=...)`.
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

    /// Adds `n` permits, whether or not they were acquired before. `n` may be zero. Python's `release` lacks the
    /// parameter.
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
    /// If the number of permits would exceed `usize::MAX`.
    pub fn release(&self, n: usize) {
        self.add(n).expect("the number of permits fits a usize");
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
            // Release permits that processes still hold. Dropping their guards then does nothing.
            self.taken().take(n - forgotten).for_each(free);
        } else {
            *extra = extra.saturating_add((n - forgotten) as u64);
        }
        drop(extra);
        self.released.notify(n);
        Ok(())
    }

    fn release_permit(&self, index: Option<usize>, holder: Holder) {
        let mut extra = self.extra.acquire();
        match index {
            None => *extra = extra.saturating_add(1),
            Some(index) if self.permits[index].load(Ordering::Relaxed) == holder.word() => {
                self.permits[index].store(FREE, Ordering::Relaxed);
            }
            Some(_) => return, // `BoundedSemaphore::release` has already released it
        }
        drop(extra);
        self.released.notify(1);
    }

    /// Returns the number of available permits. A permit whose holder is dead counts once a process has checked the
    /// holder.
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

/// The number of words that a semaphore needs without its permits.
const PARTS: usize = WORDS + Lock::<u64>::WORDS + Condition::WORDS;

/// A permit of a [`Semaphore`] or a [`BoundedSemaphore`], which is released when it is dropped, even by a panic.
///
/// The permit belongs to the process, so it can be sent to another thread. In a child made by `fork`, the copy of a
/// permit does nothing.
#[derive(Debug)]
#[must_use = "the permit is released when it is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    /// The index of the permit's word, or `None` if it is one of the extra permits.
    index: Option<usize>,
    holder: Holder,
}

impl Permit<'_> {
    /// Forgets the permit without releasing it, so that it stays acquired even after this process ends. To make it
    /// available again, call [`Semaphore::release`], which has an example.
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
    /// Does nothing if [`BoundedSemaphore::release`] has already released this permit.
    fn drop(&mut self) {
        if self.holder == Holder::this_process() {
            self.semaphore.release_permit(self.index, self.holder);
        }
    }
}

/// A [`Semaphore`] whose number of permits never exceeds the initial one: releasing more is an error. On some systems,
/// Python's can't detect it.
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
    /// Creates a semaphore with at most `permits` permits, all of them available. [`BoundedSemaphore`] has an example.
    ///
    /// # Errors
    ///
    /// If fewer words of `memory` are left than [`words`](Semaphore::words) returns.
    pub fn new(memory: &Arc<Shared>, permits: usize) -> io::Result<Self> {
        Semaphore::with_limit(memory, permits, permits).map(Self)
    }

    /// Opens the semaphore that another process created at `place`. [`Lock::at`] has an example.
    ///
    /// # Errors
    ///
    /// If the words at `place` weren't allocated.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        Semaphore::at(memory, place).map(Self)
    }

    /// Returns where the semaphore is in the memory, to be sent to other processes. [`Lock::at`] has an example.
    pub fn place(&self) -> Place {
        self.0.place()
    }

    /// Acquires a permit, blocking until one is available, like [`Semaphore::acquire`].
    pub fn acquire(&self) -> Permit<'_> {
        self.0.acquire()
    }

    /// Acquires a permit if one is available, like [`Semaphore::try_acquire`].
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.0.try_acquire()
    }

    /// Acquires a permit, blocking for at most `timeout`, like [`Semaphore::acquire_timeout`].
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.0.acquire_timeout(timeout)
    }

    /// Releases `n` permits that were acquired and forgotten. [`BoundedSemaphore`] has an example.
    ///
    /// # Errors
    ///
    /// If the number of permits would exceed the initial one. Then none is released. Python raises `ValueError`.
    pub fn release(&self, n: usize) -> Result<(), TooMany> {
        self.0.add(n)
    }

    /// Returns the number of available permits, like [`Semaphore::available`].
    pub fn available(&self) -> usize {
        self.0.available()
    }
}

#[cfg(test)]
#[path = "tests/semaphore.rs"]
mod tests;
