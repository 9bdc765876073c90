//! The service and its primitives with processes: workers that share only the memory that they map together.
//!
//! The counterpart of Python's `multiprocessing`. Each worker has its own memory and, in Python, its own global
//! interpreter lock. To pass data to another process, a process serializes it and sends it, or writes it to memory that
//! both have mapped. In return, a worker that crashes doesn't take the others with it.
//!
//! The private module `os` contains the code that calls the operating system, which has to be Linux: [`shared`] memory,
//! the [`futex`] that waiting processes sleep on, the [`holder`] that `/proc` describes, the socket under a
//! [`connection`], and the methods to [`start`] a process. The other modules mirror those of
//! [`threads`](crate::threads).

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

pub use crate::threads::Client;
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
