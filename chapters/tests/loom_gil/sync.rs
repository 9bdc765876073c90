//! Loom's parts, under the names by which `src/gil/lock.rs` asks for its own.

use std::sync::LockResult;
use std::time::Duration;

pub use loom::sync::atomic::{AtomicBool, Ordering};
pub use loom::sync::{Mutex, MutexGuard};
pub use std::sync::PoisonError;

/// Loom's condition variable, except that an interval passes when a model says so; loom's never do.
#[derive(Debug)]
pub struct Condvar {
    inner: loom::sync::Condvar,
    /// Why the next waiter wakes. Outside the model: it reveals nothing to the lock but what the waiter is told.
    passed: std::sync::atomic::AtomicBool,
}

pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    pub fn new() -> Self {
        Self { inner: loom::sync::Condvar::new(), passed: false.into() }
    }

    pub fn notify_one(&self) {
        self.inner.notify_one();
    }

    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.inner.wait(guard)
    }

    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _interval: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let guard = self.inner.wait(guard).unwrap_or_else(PoisonError::into_inner);
        Ok((guard, WaitTimeoutResult(self.passed.swap(false, Ordering::Relaxed))))
    }

    /// The interval of one waiter passes, if there is a waiter.
    pub fn interval_passes(&self) {
        self.passed.store(true, Ordering::Relaxed);
        self.inner.notify_one();
    }
}
