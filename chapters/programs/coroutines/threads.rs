//! The lock for threads that the primitives for coroutines use. No task holds it over an `await`, and a poll isn't
//! interrupted, so it's always free. This one shows its value instead.

use std::fmt::{self, Debug};
use std::ops::{Deref, DerefMut};
use std::sync::{self, PoisonError};

use chapters::scheduler::task::Shown;

/// The counterpart of `chapters::threads::Lock`.
pub struct Lock<T> {
    shown: Shown,
    value: sync::Mutex<T>,
    show: fn(&Shown, &T),
}

impl<T: Debug> Lock<T> {
    /// Creates a lock that owns `value`.
    #[track_caller]
    pub fn guarding(value: T) -> Self {
        Self { shown: Shown::new("Lock", &value), value: value.into(), show: |shown, value| shown.show(value) }
    }
}

impl<T> Lock<T> {
    /// Acquires the lock.
    pub fn acquire(&self) -> LockGuard<'_, T> {
        LockGuard { lock: self, value: self.value.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Acquires the lock, unless it's held.
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        Some(LockGuard { lock: self, value: self.value.try_lock().ok()? })
    }
}

impl<T: Debug + Default> Default for Lock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::guarding(T::default())
    }
}

impl<T> Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}

/// Holds a [`Lock`], and shows its value at the end.
pub struct LockGuard<'a, T> {
    lock: &'a Lock<T>,
    value: sync::MutexGuard<'a, T>,
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        (self.lock.show)(&self.lock.shown, &self.value);
    }
}
