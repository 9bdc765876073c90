//! The service as threads, which share one memory, and the primitives and queues that threads share.
//!
//! This is the counterpart of Python's `threading` and `queue`. Sharing is easy, because every thread can reach all
//! memory of the process, and the compiler rejects programs with data races. Threads aren't isolated from each other,
//! though: one that aborts, or that writes to memory it shouldn't, takes the whole process with it.
//!
//! Methods named `acquire`, `wait`, `put`, `get` or `join`, and their variants with a timeout, can block the calling thread
//! until another thread does something. Any other method waits at most for the few instructions that another thread
//! executes with the object's internal lock held.

pub mod barrier;
pub mod client;
pub mod condition;
pub mod event;
pub mod lock;
pub mod queue;
pub mod rlock;
pub mod semaphore;
pub mod service;
pub mod simple_queue;
#[cfg(test)]
pub(crate) mod tests;

pub use barrier::Barrier;
pub use client::Client;
pub use condition::Condition;
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use queue::{LifoQueue, PriorityQueue, Queue};
pub use rlock::{RLock, RLockGuard};
pub use semaphore::{BoundedSemaphore, Permit, Semaphore};
pub use service::Service;
pub use simple_queue::SimpleQueue;
