//! The service as processes: workers that share nothing but what they are handed.
//!
//! The counterpart of Python's `multiprocessing`. Each worker has a memory of its own and, in Python, an interpreter
//! lock of its own. What one wants to tell another must be turned into bytes and sent, or written into memory that both
//! have mapped. In return, one that fails takes nobody along.
//!
//! The operating system's part stands in `os`, so that the other names are those of [`threads`](crate::threads): [`shared`] memory, the [`futex`] that all sleep on who wait, what
//! `/proc` says about a [`holder`], the socket under the [`connection`], and the ways to [`start`] a process. They need
//! Linux.

pub mod barrier;
pub mod condition;
pub mod event;
pub mod lock;
mod os;
pub mod queue;
pub mod rlock;
pub mod semaphore;
pub mod service;
pub mod simple_queue;

pub use barrier::Barrier;
pub use condition::Condition;
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use os::{connection, futex, holder, shared, start};
pub use queue::Queue;
pub use rlock::{RLock, RLockGuard};
pub use semaphore::{BoundedSemaphore, Permit, Semaphore};
pub use service::Service;
pub use simple_queue::SimpleQueue;
pub use start::Method;
