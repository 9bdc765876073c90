//! The counterpart of [`std::sync::RwLock`].

use std::cell::UnsafeCell;
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
use std::thread;

use crate::scheduler::engine::{current, quietly, step};
use crate::scheduler::place;
use crate::scheduler::world::{Object, ObjectId, Op, ThreadId, View, World, join};

/// A reader-writer lock: see [`std::sync::RwLock`]. It prefers neither readers nor writers: a lock that can be acquired
/// may be acquired.
pub struct RwLock<T> {
    id: ObjectId,
    show: fn(&T) -> String,
    value: UnsafeCell<T>,
}

// SAFETY: as in the standard library. The engine runs one thread at a time, and lets either readers or a writer in.
unsafe impl<T: Send + Sync> Sync for RwLock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for RwLock<T> {}

impl<T: Debug> RwLock<T> {
    /// Creates an unlocked reader-writer lock.
    #[track_caller]
    pub fn new(value: T) -> Self {
        let show: fn(&T) -> String = |value| format!("{value:?}");
        let name = place::name(current().0.sources, Location::caller(), "RwLock");
        let (readers, shown) = (vec![], show(&value));
        let object = Object::RwLock { writer: None, readers, poisoned: false, value: shown, view: View::new() };
        let id = quietly(|world, thread| world.add(thread, name, object));
        Self { id, show, value: UnsafeCell::new(value) }
    }
}

impl<T: Default + Debug> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RwLock").field(&self.id).finish()
    }
}

/// Locks for reading or for writing; the result says whether the lock is poisoned.
fn take(world: &mut World, thread: ThreadId, id: ObjectId, write: bool) -> bool {
    let Object::RwLock { writer, readers, poisoned, value, view } = &mut world.objects[id].1 else { return false };
    if write {
        *writer = Some(thread);
    } else {
        readers.push(thread);
        readers.sort_unstable();
    }
    let (poisoned, value, view) = (*poisoned, value.clone(), view.clone());
    world.acquire(thread, &view);
    world.observed_value(thread, "finds", &value);
    world.saw(thread, (id, value, poisoned));
    poisoned
}

impl<T> RwLock<T> {
    fn reader(&self, poisoned: bool) -> LockResult<RwLockReadGuard<'_, T>> {
        let guard = RwLockReadGuard { lock: self, not_send: PhantomData };
        if poisoned { Err(PoisonError::new(guard)) } else { Ok(guard) }
    }

    fn writer(&self, poisoned: bool) -> LockResult<RwLockWriteGuard<'_, T>> {
        let guard =
            RwLockWriteGuard { lock: self, was_panicking: thread::panicking(), written: false, not_send: PhantomData };
        if poisoned { Err(PoisonError::new(guard)) } else { Ok(guard) }
    }

    /// Blocks until no thread holds the lock for writing, and locks it for reading.
    ///
    /// # Errors
    ///
    /// When a thread panicked while it held the lock for writing.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let id = self.id;
        let taken = step(Op::Read(id), String::new(), |world, thread, _| take(world, thread, id, false));
        self.reader(taken.unwrap_or(false))
    }

    /// Blocks until no thread holds the lock, and locks it for writing.
    ///
    /// # Errors
    ///
    /// When a thread panicked while it held the lock for writing.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let id = self.id;
        let taken = step(Op::Lock(id), String::new(), |world, thread, _| take(world, thread, id, true));
        self.writer(taken.unwrap_or(false))
    }

    /// Locks for reading if no thread holds the lock for writing.
    ///
    /// # Errors
    ///
    /// When a thread holds it for writing, or panicked while it did.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let taken = self.attempt(Op::TryRead(self.id), false);
        Ok(self.reader(taken.ok_or(TryLockError::WouldBlock)?)?)
    }

    /// Locks for writing if no thread holds the lock.
    ///
    /// # Errors
    ///
    /// When a thread holds it, or panicked while it held it for writing.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let taken = self.attempt(Op::TryLock(self.id), true);
        Ok(self.writer(taken.ok_or(TryLockError::WouldBlock)?)?)
    }

    #[track_caller]
    fn attempt(&self, op: Op, write: bool) -> Option<bool> {
        let id = self.id;
        let taken = step(op, String::new(), |world, thread, _| {
            let Object::RwLock { writer, readers, .. } = &world.objects[id].1 else { return None };
            let free = writer.is_none() && (!write || readers.is_empty());
            world.saw(thread, free);
            let taken = free.then(|| take(world, thread, id, write));
            world.observed(thread, if free { "succeeds" } else { "fails" });
            taken
        });
        taken.unwrap_or(Some(false))
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// When a thread panicked while it held the lock for writing.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = quietly(|world, _| matches!(world.objects[self.id].1, Object::RwLock { poisoned: true, .. }));
        let value = self.value.into_inner();
        if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
    }
}

/// Keeps an [`RwLock`] locked for reading.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockReadGuard<'a, T> {
    lock: &'a RwLock<T>,
    not_send: PhantomData<*const ()>,
}

/// Keeps an [`RwLock`] locked for writing.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockWriteGuard<'a, T> {
    lock: &'a RwLock<T>,
    was_panicking: bool,
    /// Whether the value has been borrowed mutably.
    written: bool,
    not_send: PhantomData<*const ()>,
}

impl<T> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the lock is held for reading, so no thread writes.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the lock is held for writing, so no other thread reaches the value.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.written = true;
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        let id = self.lock.id;
        step(Op::EndRead(id), String::new(), |world, thread, _| {
            let seen = world.view(thread);
            let Object::RwLock { readers, view, .. } = &mut world.objects[id].1 else { return };
            if let Some(place) = readers.iter().position(|reader| *reader == thread) {
                readers.remove(place);
            }
            join(view, &seen);
        });
    }
}

impl<T> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        let (id, shown, written) = (self.lock.id, (self.lock.show)(self), self.written);
        let poison = thread::panicking() && !self.was_panicking;
        step(Op::Unlock(id), String::new(), |world, thread, _| {
            let seen = world.view(thread);
            let Object::RwLock { writer, poisoned, value, view, .. } = &mut world.objects[id].1 else { return };
            *writer = None;
            *poisoned |= poison;
            *view = seen;
            value.clone_from(&shown);
            if written {
                world.observed_value(thread, "leaves", &shown);
            }
        });
    }
}
