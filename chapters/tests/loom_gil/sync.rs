//! Loom's types under the names that `src/gil/lock.rs` imports.

use std::sync::LockResult;
use std::time::Duration;

pub use loom::sync::atomic::{AtomicBool, Ordering};
pub use loom::sync::{Mutex, MutexGuard};
pub use std::sync::PoisonError;

/// Loom's condition variable, with intervals that pass when a model calls `interval_passes`. Loom's timeouts never
/// expire.
#[derive(Debug)]
pub struct Condvar {
    inner: loom::sync::Condvar,
    /// Whether the next waiter to wake up has timed out. It needn't be a type of loom's, because only that waiter reads
    /// it.
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

    /// Lets the interval of one waiter pass, if there is one.
    pub fn interval_passes(&self) {
        self.passed.store(true, Ordering::Relaxed);
        self.inner.notify_one();
    }
}
