//! A lock that all processes see and that can say whether it is locked: Python's `multiprocessing.Lock`.
//!
//! It differs from [`threads::Lock`](crate::threads::Lock) in where it lives: in a word of [`shared`](super::shared)
//! memory, since a mutex of the standard library means nothing to another process. It differs from Python's in that it
//! can be asked: until 3.14, `multiprocessing.Lock` has no `locked()`, and who wants to know must try to acquire it,
//! which makes it look locked to the next one who tries.
//!
//! A holder that is killed leaves it locked, as Python's does. The service is safe from that: its lock's holder is the
//! first process, and its workers do not outlive it.

use std::io;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::libc;

use super::shared::{LINE, Place, Shared, Words};

/// How many words of shared memory a lock takes.
pub const WORDS: usize = LINE;

/// Nobody holds the lock.
const UNLOCKED: u64 = 0;
/// Somebody holds it, and nobody waits for it.
const LOCKED: u64 = 1;
/// Somebody holds it, and somebody may be waiting for it.
const CONTENDED: u64 = 2;

/// A lock, unlocked at first, in a word of shared memory.
///
/// Locking is an acquire operation and unlocking a release operation, so that what one holder wrote the next one sees.
///
/// ```
/// use std::sync::Arc;
/// use chapters::processes::{Lock, shared::Shared};
///
/// # fn main() -> std::io::Result<()> {
/// let lock = Lock::new(&Arc::new(Shared::new(8)?))?;
/// let guard = lock.acquire();
/// assert!(lock.is_locked());
/// drop(guard);
/// assert!(!lock.is_locked());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Lock {
    words: Words,
}

impl Lock {
    /// Makes a lock, unlocked at first.
    ///
    /// # Errors
    ///
    /// When `memory` has no [`WORDS`] left.
    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::at(memory, memory.place(WORDS)?)
    }

    /// The lock that another process made at `place`.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        Ok(Self { words: memory.at(place, WORDS)? })
    }

    /// Where it lies.
    pub fn place(&self) -> Place {
        self.words.place()
    }

    /// Blocks until the lock is free, and locks it until the guard is dropped.
    pub fn acquire(&self) -> LockGuard<'_> {
        let state = self.state();
        let mut next = LOCKED;
        while let Err(seen) = state.compare_exchange(UNLOCKED, next, Ordering::Acquire, Ordering::Relaxed) {
            if seen == CONTENDED || state.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
                futex_wait(state, CONTENDED);
                // Others may still be waiting, and only the holder's state can tell.
                next = CONTENDED;
            } else {
                break;
            }
        }
        LockGuard { lock: self }
    }

    /// Whether somebody holds the lock, in whichever process. Never blocks, and never makes it look locked to others.
    pub fn is_locked(&self) -> bool {
        self.state().load(Ordering::Relaxed) != UNLOCKED
    }

    fn state(&self) -> &AtomicU64 {
        &self.words[0]
    }
}

/// Keeps a [`Lock`] locked.
#[derive(Debug)]
pub struct LockGuard<'a> {
    lock: &'a Lock,
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        let state = self.lock.state();
        if state.swap(UNLOCKED, Ordering::Release) == CONTENDED {
            futex_wake_one(state);
        }
    }
}

/// Sleeps until somebody wakes the word; not at all if its low half is not that of `expected` any more.
fn futex_wait(word: &AtomicU64, expected: u64) {
    let (half, no_timeout) = (low_half(word), ptr::null::<libc::timespec>());
    // SAFETY: the word outlives the call, and the kernel only reads it. Without FUTEX_PRIVATE_FLAG it is found by the
    // memory behind it, so that it is the same word in every process.
    unsafe { libc::syscall(libc::SYS_futex, half, libc::FUTEX_WAIT, expected as u32, no_timeout) };
}

/// Wakes one of those who sleep on the word.
fn futex_wake_one(word: &AtomicU64) {
    // SAFETY: the kernel uses the address to find sleepers and does not touch the word.
    unsafe { libc::syscall(libc::SYS_futex, low_half(word), libc::FUTEX_WAKE, 1) };
}

/// Where the half of the word lies that the kernel looks at.
fn low_half(word: &AtomicU64) -> *const u32 {
    word.as_ptr().cast::<u32>().cast_const().wrapping_add(usize::from(cfg!(target_endian = "big")))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::thread;

    use super::*;

    /// A lock in the same memory, mapped once more, as another process would have it.
    fn elsewhere(lock: &Lock) -> Lock {
        let memory = lock.words.memory().as_fd().try_clone_to_owned().unwrap();
        Lock::at(&Arc::new(Shared::map(memory).unwrap()), lock.place()).unwrap()
    }

    #[test]
    fn one_holder_at_a_time_wherever_it_has_the_memory_mapped() {
        const TURNS: u64 = 20_000;
        let lock = Lock::new(&Arc::new(Shared::new(WORDS).unwrap())).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                let lock = elsewhere(&lock);
                scope.spawn(move || {
                    for _ in 0..TURNS {
                        let _guard = lock.acquire();
                        let counter = &lock.words[1];
                        // Two steps: another holder in between would lose one of the counts.
                        let count = counter.load(Ordering::Relaxed);
                        counter.store(count + 1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(lock.words[1].load(Ordering::Relaxed), 4 * TURNS);
        assert!(!lock.is_locked());
    }

    #[test]
    fn asking_whether_it_is_locked_does_not_lock_it() {
        let lock = Lock::new(&Arc::new(Shared::new(WORDS).unwrap())).unwrap();
        thread::scope(|scope| {
            for _ in 0..2 {
                let lock = elsewhere(&lock);
                scope.spawn(move || assert!((0..20_000).all(|_| !lock.is_locked())));
            }
        });
    }
}
