//! The scheduler's primitives, under the names that the book's own primitives import.
//!
//! It's the third backend of `chapters/src/sync.rs`: the standard library's is for programs, loom's for the model
//! checks.

use std::time::{Duration, Instant};

pub use chapters::scheduler::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
pub use chapters::scheduler::sync::{Condvar, Mutex, MutexGuard, PoisonError, UnsafeCell};
use chapters::scheduler::thread;

/// Locks a mutex, even if it's poisoned.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Some moment. A timeout expires when the reader chooses that.
pub fn deadline_after(_timeout: Duration) -> Option<Instant> {
    Some(Instant::now())
}

/// Waits for a notification. The second result is false if the deadline has passed.
pub fn wait_until<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
) -> (MutexGuard<'a, T>, bool) {
    if deadline.is_none() {
        return (condvar.wait(guard).unwrap_or_else(PoisonError::into_inner), true);
    }
    let (guard, result) = condvar.wait_timeout(guard, Duration::ZERO).unwrap_or_else(PoisonError::into_inner);
    (guard, !result.timed_out())
}

/// Doesn't spin: that would add schedules but no endings.
pub fn spin_while(_busy: impl Fn() -> bool) {}

/// The number of the calling thread, which no other thread has, and which is never zero.
pub fn this_thread() -> usize {
    thread::current().id().number() + 1
}
