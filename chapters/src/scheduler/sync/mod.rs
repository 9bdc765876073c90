//! The synchronization primitives of the standard library, under the control of the scheduler.
//!
//! They have the names, the signatures, and the behavior of their namesakes in [`std::sync`], and they stop before
//! every operation. (An [`UnsafeCell`] has no operations, but the scheduler must know when it's used.) They work only
//! in a program that the scheduler runs. Four things differ:
//!
//! - A value that is shared must implement [`Debug`](std::fmt::Debug), because the reader sees it.
//! - They can't be in a `static`, because each execution starts with new ones.
//! - Time doesn't pass. A timeout may expire at any moment, as a choice: see [`Options`](super::Options).
//! - A value in a mutex is shown as it was when the mutex was last unlocked.
//!
//! # Memory ordering
//!
//! By default, memory is sequentially consistent: a load sees the newest store. With
//! [`Options::weak_memory`](super::Options::weak_memory), a load may see an older store, and the reader chooses which:
//!
//! - All stores to an atomic have one order, and no thread sees a store and later an older one.
//! - A thread that loads with `Acquire` a value stored with `Release` afterward sees all stores that the storing thread
//!   had seen. Read-modify-write operations continue a release sequence. Locks, channels, barriers, `spawn`, and `join`
//!   synchronize as well.
//! - Read-modify-write operations see the newest store, whatever their ordering.
//! - A thread that spins eventually sees the newest store: `spin_loop` and `yield_now` wait until there is one.
//! - Fences work as in the C++ memory model, except that a `SeqCst` fence is totally ordered by the step in which it's
//!   executed.
//!
//! This isn't the whole C++ model. `SeqCst` is stronger here: a `SeqCst` load always sees the newest store. A thread
//! can't see a store that hasn't been executed yet (*load buffering*). Accesses to ordinary memory aren't tracked, so a
//! data race isn't reported: see loom for that.

mod atomics;
mod barrier;
mod cell;
mod condvar;
pub mod mpsc;
mod mutex;
mod once;
mod rwlock;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};

pub use barrier::{Barrier, BarrierWaitResult};
pub use cell::UnsafeCell;
pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use once::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Atomic types: see [`std::sync::atomic`].
pub mod atomic {
    pub use std::sync::atomic::Ordering;

    pub use super::atomics::{AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, fence};
    pub use super::atomics::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize};
}
