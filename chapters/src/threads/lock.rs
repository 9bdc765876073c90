//! A lock that one thread at a time can hold: the counterpart of Python's `threading.Lock`.
//!
//! [`Lock::guarding`] creates a lock that owns a value. The value can be reached only through the [`LockGuard`] that
//! [`acquire`](Lock::acquire) returns, so a thread can't use it without holding the lock. [`Lock::new`] creates a lock
//! that guards nothing, like Python's.
//!
//! # Differences from other locks
//!
//! - [`std::sync::Mutex`] is the right choice for most programs. It lacks timeouts and a way to ask whether it is
//!   locked. After a holder panics, a `Mutex` stays *poisoned*; this lock reports the panic once, to the next holder
//!   ([`LockGuard::is_abandoned`]).
//! - `parking_lot::Mutex` has both timeouts (`try_lock_for`) and `is_locked`. Use it if you need either.
//! - [`RLock`](super::RLock) can be acquired again by the thread that holds it. Acquiring this lock twice in one thread
//!   deadlocks.
//! - [`coroutines::Lock`](crate::coroutines::Lock) suspends the waiting task instead of blocking its thread.
//! - Python's lock can be released by any thread. This one is released by dropping its guard, and the guard can't leave
//!   the thread that acquired the lock.
//!
//! Waiting threads acquire the lock in no particular order. A thread that finds the lock free may acquire it ahead of
//! threads that have been waiting (*barging*), as in Python and in the standard library.
//!
//! # How it works
//!
//! The lock is one word, `state`. Acquiring a free lock takes one compare-and-exchange, and releasing a lock that no
//! thread is waiting for takes one swap. Threads that have to wait sleep on `unparked`, a condition variable from the
//! standard library whose mutex is `park`. On Linux, it puts them to sleep with the system call `futex`, which a
//! production lock would call directly.
//!
//! Each row is a state; the last three columns give the state that an operation leaves behind, and its effect:
//!
//! | `state` | meaning | `try_lock` | swap in `lock_contended` | `unlock` |
//! | --- | --- | --- | --- | --- |
//! | `UNLOCKED` | no thread holds the lock | `LOCKED`, acquired | `CONTENDED`, acquired | |
//! | `LOCKED` | held, and no thread needs waking | fails | `CONTENDED`, sleeps | `UNLOCKED` |
//! | `CONTENDED` | held, and threads may be asleep | fails | `CONTENDED`, sleeps | `UNLOCKED`, wakes one |
//!
//! A thread that has slept acquires the lock as `CONTENDED`, because it can't know whether other threads are still
//! asleep. If it acquired the lock as `LOCKED`, its `unlock` wouldn't wake them, and they would sleep forever. The
//! price is one unnecessary notification when the last of them releases the lock.
//!
//! A thread that wakes up swaps again, even if its timeout has expired. It may have received the only wakeup, and the
//! swap keeps that from being lost: either the thread acquires the lock, or it leaves `CONTENDED` behind, so that the
//! current holder wakes the next thread.
//!
//! # The lost wakeup
//!
//! A wakeup would be lost if it were sent after a thread's swap, but before the thread is asleep:
//!
//! | Thread 1: `lock_contended` | Thread 2: `unlock` |
//! | --- | --- |
//! | swaps `LOCKED` for `CONTENDED` | |
//! | | swaps `CONTENDED` for `UNLOCKED` |
//! | | notifies `unparked`, where no thread is asleep yet |
//! | goes to sleep although the lock is free, and is never woken | |
//!
//! Thread 1 therefore holds `park` from before its swap until it is asleep: waiting on `unparked` releases `park` and
//! puts the thread to sleep in one atomic step. Thread 2 locks `park` before it notifies, and so waits until Thread 1
//! is asleep.
//!
//! # Memory ordering
//!
//! `unlock` writes `UNLOCKED` with `Release`, and both operations that can acquire the lock read it with `Acquire`.
//! Everything that one holder does with the value therefore happens before everything that the next holder does with
//! it.
//!
//! All other accesses are `Relaxed`. Only the holder reads and writes `abandoned`, so `state` already orders these
//! accesses. The spin loop, `is_locked` and a failed compare-and-exchange look at `state` alone, and read nothing that
//! a holder wrote.
//!
//! Nothing needs `SeqCst`. A waiter and the holder can't miss each other, because their swaps modify the same word: if
//! the waiter's swap is first, the holder finds `CONTENDED`; if the holder's is first, the waiter finds `UNLOCKED`.
//!
//! # Model checking
//!
//! The atomics, the mutex and the condition variable come from `crate::sync`, so that `tests/loom_threads` can compile
//! this file with loom's versions of them, and explore the interleavings of a few threads.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::thread;
use std::time::{Duration, Instant};

use crate::sync::{
    AtomicBool, AtomicU32, Condvar, Mutex, Ordering, UnsafeCell, deadline_after, lock, spin_while, wait_until,
};

// ANCHOR: states
/// No thread holds the lock.
pub(super) const UNLOCKED: u32 = 0;
/// A thread holds the lock, and releasing it doesn't wake another thread.
const LOCKED: u32 = 1;
/// A thread holds the lock, and releasing it wakes one of the threads that may be asleep.
pub(super) const CONTENDED: u32 = 2;
// ANCHOR_END: states

/// A lock that one thread at a time can hold. It guards a value, or nothing.
///
/// # Examples
///
/// Guarding a value:
///
/// ```
/// use chapters::threads::Lock;
///
/// let total = Lock::guarding(0);
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| *total.acquire() += 1);
///     }
/// });
/// assert_eq!(*total.acquire(), 4);
/// ```
///
/// Guarding nothing:
///
/// ```
/// use chapters::threads::Lock;
///
/// let lock = Lock::new();
/// let guard = lock.acquire();
/// assert!(lock.is_locked());
/// drop(guard);
/// assert!(!lock.is_locked());
/// ```
#[derive(Debug)]
// ANCHOR: struct
pub struct Lock<T = ()> {
    /// `UNLOCKED`, `LOCKED` or `CONTENDED`.
    pub(super) state: AtomicU32,
    /// Whether the last holder panicked, until the next holder's guard takes the flag over.
    abandoned: AtomicBool,
    /// Held by a waiting thread from the moment it sets `CONTENDED` until it is asleep.
    pub(super) park: Mutex<()>,
    /// Where waiting threads sleep.
    pub(super) unparked: Condvar,
    value: UnsafeCell<T>,
}
// ANCHOR_END: struct

// SAFETY: The value is reached only through a guard, and `state` allows one guard at a time. A shared lock can pass the
// value from thread to thread, which requires `T: Send`. It never lets two threads use the value at once, so `T: Sync`
// isn't required.
unsafe impl<T: Send> Sync for Lock<T> {}

impl Lock {
    /// Creates an unlocked lock that guards nothing.
    pub fn new() -> Self {
        Self::guarding(())
    }

    /// Releases a lock whose guard was passed to [`mem::forget`](std::mem::forget).
    ///
    /// Any thread may call this, because the lock guards nothing. Releasing a lock that another thread is using is a
    /// bug, because it lets a second thread in, but it isn't undefined behavior.
    pub(super) fn release(&self) {
        // SAFETY: This lock guards `()`.
        unsafe { self.unlock() };
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Self::guarding(T::default())
    }
}

impl<T> Lock<T> {
    /// Creates an unlocked lock that owns `value`.
    pub fn guarding(value: T) -> Self {
        Self {
            state: AtomicU32::new(UNLOCKED),
            abandoned: AtomicBool::new(false),
            park: Mutex::new(()),
            unparked: Condvar::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Acquires the lock, blocking the calling thread until it is free.
    ///
    /// The lock is released when the returned guard is dropped.
    ///
    /// # Deadlocks
    ///
    /// If the calling thread already holds the lock, it waits for itself forever, as in Python. An
    /// [`RLock`](super::RLock) can be acquired more than once.
    pub fn acquire(&self) -> LockGuard<'_, T> {
        self.acquire_until(None).expect("there is no deadline that could pass")
    }

    /// Acquires the lock if it is free, and returns `None` otherwise.
    ///
    /// Never blocks. This is Python's `acquire(blocking=False)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::threads::Lock;
    ///
    /// let lock = Lock::new();
    /// let guard = lock.try_acquire().unwrap();
    /// assert!(lock.try_acquire().is_none());
    /// # drop(guard);
    /// ```
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        // SAFETY: `try_lock` returned true, so this thread holds the lock and hasn't created a guard yet.
        self.try_lock().then(|| unsafe { LockGuard::new(self) })
    }

    /// Acquires the lock, blocking the calling thread for at most `timeout`.
    ///
    /// Returns `None` if the lock isn't free by then. A zero timeout gives up without sleeping. A timeout that the
    /// clock can't represent, such as [`Duration::MAX`], never expires. This is Python's `acquire(timeout=...)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::threads::Lock;
    ///
    /// let lock = Lock::new();
    /// let guard = lock.acquire_timeout(Duration::MAX).unwrap();
    /// assert!(lock.acquire_timeout(Duration::from_millis(1)).is_none());
    /// # drop(guard);
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<LockGuard<'_, T>> {
        // Reading the clock takes longer than acquiring a free lock, so try that first.
        self.try_acquire().or_else(|| self.acquire_until(deadline_after(timeout)))
    }

    /// Returns whether a thread holds the lock.
    ///
    /// Never blocks. Unlike a [`try_acquire`](Lock::try_acquire) that succeeds, it never makes the lock look locked to
    /// other threads. The answer may be out of date when it is returned, so use it for diagnostics and tests, not to
    /// decide whether `acquire` would block. This is Python's `locked()`.
    pub fn is_locked(&self) -> bool {
        self.state.load(Ordering::Relaxed) != UNLOCKED
    }

    // ANCHOR: acquire
    /// Acquires the lock, or returns `None` once the deadline has passed. Without a deadline, waits as long as it
    /// takes.
    pub(super) fn acquire_until(&self, deadline: Option<Instant>) -> Option<LockGuard<'_, T>> {
        let acquired = self.try_lock() || self.lock_contended(deadline);
        // SAFETY: `acquired` is true, so this thread holds the lock and hasn't created a guard yet.
        acquired.then(|| unsafe { LockGuard::new(self) })
    }

    /// The fast path: acquires the lock if it is free.
    fn try_lock(&self) -> bool {
        self.state.compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    // ANCHOR_END: acquire

    // ANCHOR: lock_contended
    /// The slow path: spins for a few microseconds, then sleeps until the lock is free or the deadline has passed.
    /// Returns whether it acquired the lock.
    #[cold]
    fn lock_contended(&self, deadline: Option<Instant>) -> bool {
        // If the state is `CONTENDED`, another thread has already spun in vain.
        spin_while(|| self.state.load(Ordering::Relaxed) == LOCKED);
        // If the holder released the lock in the meantime, acquire it without claiming that a thread is asleep.
        if self.try_lock() {
            return true;
        }
        let mut parking = lock(&self.park);
        let mut in_time = true;
        // Each swap is both an attempt to acquire the lock and, if that fails, a request to be woken.
        while self.state.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
            if !in_time {
                return false;
            }
            (parking, in_time) = wait_until(&self.unparked, parking, deadline);
        }
        true
    }
    // ANCHOR_END: lock_contended

    // ANCHOR: release
    /// Releases the lock, and wakes a waiting thread if there may be one.
    ///
    /// # Safety
    ///
    /// The calling thread must hold the lock, and must not use its guard again. A lock that guards `()` can be unlocked
    /// at any time.
    pub(super) unsafe fn unlock(&self) {
        if self.state.swap(UNLOCKED, Ordering::Release) == CONTENDED {
            self.wake_one();
        }
    }

    /// Wakes one waiting thread. Locking `park` first makes sure that a thread that is about to sleep isn't missed.
    #[cold]
    fn wake_one(&self) {
        drop(lock(&self.park));
        self.unparked.notify_one();
    }
    // ANCHOR_END: release
}

/// Holds a [`Lock`] until it is dropped, and gives access to the value that the lock guards.
///
/// A guard can't be sent to another thread:
///
/// ```compile_fail,E0277
/// use chapters::threads::Lock;
///
/// let lock = Lock::new();
/// let guard = lock.acquire();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard<'a, T = ()> {
    lock: &'a Lock<T>,
    abandoned: bool,
    /// Whether the thread was already panicking when it acquired the lock.
    panicking: bool,
    /// Makes the guard `!Send`, and `Sync` only if `T` is, like the standard library's guard.
    _marker: PhantomData<std::sync::MutexGuard<'a, T>>,
}

impl<'a, T> LockGuard<'a, T> {
    /// Creates the guard of a lock that the calling thread has just acquired.
    ///
    /// # Safety
    ///
    /// The calling thread must hold `lock`, and there must be no other guard for it.
    pub(super) unsafe fn new(lock: &'a Lock<T>) -> Self {
        let abandoned = lock.abandoned.load(Ordering::Relaxed);
        if abandoned {
            lock.abandoned.store(false, Ordering::Relaxed);
        }
        Self { lock, abandoned, panicking: thread::panicking(), _marker: PhantomData }
    }

    /// Returns the lock, so that a condition can drop the guard and later acquire the lock again.
    pub(super) fn lock(&self) -> &'a Lock<T> {
        self.lock
    }

    /// Makes this guard report a panic that was reported to an earlier guard of the same caller.
    pub(super) fn mark_abandoned(&mut self) {
        self.abandoned = true;
    }

    /// Returns whether the previous holder panicked, and may have left the value in an inconsistent state.
    ///
    /// A panic is reported once, to the next holder. [`Condition::wait_for`](super::Condition::wait_for) may hold
    /// several guards before it returns one; the guard that it returns reports a panic if any of them did.
    ///
    /// A [`std::sync::Mutex`] stays *poisoned* instead, and every later holder has to handle that. In Python, an
    /// exception that leaves a `with` block releases the lock, and the next holder isn't warned. The term is from
    /// Windows, where waiting for a mutex whose owner has died returns `WAIT_ABANDONED`; a robust POSIX mutex returns
    /// `EOWNERDEAD`.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::threads::Lock;
    ///
    /// let lock = Lock::new();
    /// std::thread::scope(|scope| {
    ///     let holder = scope.spawn(|| {
    ///         let _guard = lock.acquire();
    ///         panic!("halfway through a change");
    ///     });
    ///     assert!(holder.join().is_err());
    /// });
    /// assert!(lock.acquire().is_abandoned());
    /// assert!(!lock.acquire().is_abandoned());
    /// ```
    pub fn is_abandoned(&self) -> bool {
        self.abandoned
    }
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: This thread holds the lock, and the only guard for it is borrowed for as long as the reference lives.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: As in `deref`, and the guard is borrowed mutably, so this is the only reference to the value.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        // A destructor may acquire and release the lock while a panic unwinds the stack. That doesn't abandon the lock.
        if thread::panicking() && !self.panicking {
            self.lock.abandoned.store(true, Ordering::Relaxed);
        }
        // SAFETY: This thread holds the lock, and a guard that is being dropped can't be used again.
        unsafe { self.lock.unlock() };
    }
}
