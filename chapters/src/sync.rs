//! What the locks of this crate are made of: the standard library's parts.
//!
//! A module that takes its parts from here can be compiled a second time with other parts of the same names. The models
//! in `tests/loom_gil` and `tests/loom_threads` do that: they hand it loom's, which try every order in which threads
//! can meet. So whatever depends on time, or on how long a thread spins, stands here and nowhere else.

pub(crate) use std::cell::UnsafeCell;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use std::hint;
use std::time::{Duration, Instant};

/// How often a thread looks again before it goes to sleep.
const LOOKS: u32 = 8;

/// Locks a mutex that nobody panics with, so that a poisoned one guards nothing broken.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When `timeout` will have passed; `None` if that is later than the clock can tell.
pub(crate) fn deadline_after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

/// Sleeps until `condvar` is notified, or for no reason, or until the deadline: then the answer is false.
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

/// Spins for a moment while it is worth it: to be put to sleep and woken takes longer than all of it. After each look
/// twice as long passes as after the one before, since to look disturbs whoever works there.
pub(crate) fn spin_while(busy: impl Fn() -> bool) {
    for look in (0..LOOKS).take_while(|_| busy()) {
        (0..1 << look).for_each(|_| hint::spin_loop());
    }
}

/// The number of the calling thread, which no other thread has, and which is never zero.
pub(crate) fn this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    thread_local!(static ME: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    ME.with(|me| *me)
}
