//! The parts of the standard library that the locks of this crate are built from.
//!
//! A module that imports these names from here can be compiled a second time with other types of the same names. The
//! models in `tests/loom_gil` and `tests/loom_threads` do that with loom's types, which explore the interleavings of a
//! few threads. Therefore everything that depends on time, or on how long a thread spins, is in this file.

pub(crate) use std::cell::UnsafeCell;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use std::hint;
use std::time::{Duration, Instant};

/// How many times a thread polls before it goes to sleep.
const SPIN_LIMIT: u32 = 8;

/// Locks a mutex, whether or not it is poisoned.
///
/// For mutexes whose value is consistent even after a panic, because no code panics while it changes the value.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns when `timeout` will have passed, or `None` if the clock can't represent that time.
pub(crate) fn deadline_after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

/// Sleeps until `condvar` is notified or wakes up spuriously (true), or until the deadline has passed (false). Without
/// a deadline, sleeps as long as it takes.
pub(crate) fn wait_until<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
) -> (MutexGuard<'a, T>, bool) {
    let Some(deadline) = deadline else {
        return (condvar.wait(guard).unwrap_or_else(PoisonError::into_inner), true);
    };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return (guard, false);
    }
    let (guard, timeout) = condvar.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner);
    (guard, !timeout.timed_out())
}

/// Spins while `busy` returns true, for a few microseconds at most, because putting a thread to sleep and waking it
/// takes longer.
///
/// The pause between two calls of `busy` doubles each time, because each call takes the cache line away from the core
/// that is working with it.
pub(crate) fn spin_while(busy: impl Fn() -> bool) {
    for round in (0..SPIN_LIMIT).take_while(|_| busy()) {
        (0..1 << round).for_each(|_| hint::spin_loop());
    }
}

/// Returns the number of the calling thread. No other thread has the same number, and no number is zero.
pub(crate) fn this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    thread_local!(static ME: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    ME.with(|me| *me)
}
