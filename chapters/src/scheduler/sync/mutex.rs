//! The counterpart of [`std::sync::Mutex`].

use std::cell::UnsafeCell;
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
use std::thread;

use crate::scheduler::engine::{current, quietly, step};
use crate::scheduler::place;
use crate::scheduler::world::{Object, ObjectId, Op, ThreadId, View, World};

/// A mutual exclusion lock: see [`std::sync::Mutex`].
pub struct Mutex<T> {
    pub(super) id: ObjectId,
    show: fn(&T) -> String,
    value: UnsafeCell<T>,
}

// SAFETY: as in the standard library. The engine runs one thread at a time, and lets only the holder reach the value.
unsafe impl<T: Send> Sync for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Mutex<T> {}

impl<T: Debug> Mutex<T> {
    /// Creates an unlocked mutex.
    #[track_caller]
    pub fn new(value: T) -> Self {
        let show: fn(&T) -> String = |value| format!("{value:?}");
        let name = place::name(current().0.sources, Location::caller(), "Mutex");
        let shown = show(&value);
        let object = Object::Mutex { holder: None, poisoned: false, value: shown, view: View::new() };
        let id = quietly(|world, thread| world.add(thread, name, object));
        Self { id, show, value: UnsafeCell::new(value) }
    }
}

impl<T> Mutex<T> {
    /// Blocks until the mutex is free, and locks it.
    ///
    /// # Errors
    ///
    /// When a thread panicked while it held the mutex.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let id = self.id;
        let poisoned = step(Op::Lock(id), String::new(), |world, thread, _| take(world, thread, id)).unwrap_or(false);
        self.result(poisoned)
    }

    /// Locks the mutex if it's free.
    ///
    /// # Errors
    ///
    /// When it isn't free, or a thread panicked while it held the mutex.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let id = self.id;
        let taken = step(Op::TryLock(id), String::new(), |world, thread, _| {
            let free = world.holders(id).is_empty();
            world.saw(thread, free);
            let taken = free.then(|| take(world, thread, id));
            world.observed(thread, if free { "succeeds" } else { "fails" });
            taken
        });
        match taken {
            Some(None) => Err(TryLockError::WouldBlock),
            Some(Some(poisoned)) => Ok(self.result(poisoned)?),
            None => Ok(self.guard()),
        }
    }

    pub(super) fn guard(&self) -> MutexGuard<'_, T> {
        MutexGuard {
            mutex: self,
            was_panicking: thread::panicking(),
            written: false,
            released: false,
            not_send: PhantomData,
        }
    }

    pub(super) fn result(&self, poisoned: bool) -> LockResult<MutexGuard<'_, T>> {
        if poisoned { Err(PoisonError::new(self.guard())) } else { Ok(self.guard()) }
    }

    /// Whether a thread panicked while it held the mutex.
    pub fn is_poisoned(&self) -> bool {
        quietly(|world, thread| {
            let poisoned = matches!(world.objects[self.id].1, Object::Mutex { poisoned: true, .. });
            world.saw(thread, poisoned);
            poisoned
        })
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// When a thread panicked while it held the mutex.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.is_poisoned();
        let value = self.value.into_inner();
        if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
    }

    /// Returns a reference to the value. Because the mutex is borrowed mutably, it needn't be locked.
    ///
    /// # Errors
    ///
    /// When a thread panicked while it held the mutex.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.is_poisoned();
        let value = self.value.get_mut();
        if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
    }
}

/// Locks a mutex for a thread; the result says whether it's poisoned.
pub(super) fn take(world: &mut World, thread: ThreadId, id: ObjectId) -> bool {
    let Object::Mutex { holder, poisoned, value, view } = &mut world.objects[id].1 else { return false };
    *holder = Some(thread);
    let (poisoned, value, view) = (*poisoned, value.clone(), view.clone());
    world.acquire(thread, &view);
    world.observed_value(thread, "finds", &value);
    world.saw(thread, (id, value, poisoned));
    poisoned
}

/// Unlocks a mutex whose value is now shown as `shown`, and may have been `written`.
pub(super) fn release(world: &mut World, thread: ThreadId, id: ObjectId, shown: String, written: bool, poison: bool) {
    let seen = world.view(thread);
    let Object::Mutex { holder, poisoned, value, view } = &mut world.objects[id].1 else { return };
    *holder = None;
    *poisoned |= poison;
    *view = seen;
    value.clone_from(&shown);
    if written {
        world.observed_value(thread, "leaves", &shown);
    }
}

impl<T> Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mutex").field(&self.id).finish()
    }
}

impl<T: Default + Debug> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Debug> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Keeps a [`Mutex`] locked, and gives access to its value.
#[must_use = "the mutex is unlocked when the guard is dropped"]
pub struct MutexGuard<'a, T> {
    pub(super) mutex: &'a Mutex<T>,
    /// Whether the thread was panicking already when it locked the mutex.
    was_panicking: bool,
    /// Whether the value has been borrowed mutably.
    pub(super) written: bool,
    /// Whether a condition variable has unlocked the mutex.
    pub(super) released: bool,
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the value alone.
unsafe impl<T: Sync> Sync for MutexGuard<'_, T> {}

impl<T> MutexGuard<'_, T> {
    /// The value, as the reader sees it.
    pub(super) fn shown(&self) -> String {
        (self.mutex.show)(self)
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard exists, so the thread holds the mutex. In an execution that's over, threads unwind one at a
        // time.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.written = true;
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: Debug> Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        let (id, shown, written) = (self.mutex.id, self.shown(), self.written);
        let poison = thread::panicking() && !self.was_panicking;
        step(Op::Unlock(id), String::new(), |world, thread, _| release(world, thread, id, shown, written, poison));
    }
}
