//! The service as threads: workers that share one memory.
//!
//! The counterpart of Python's `threading` and `queue`. Sharing is easy, since everything is in reach of everyone, and
//! the compiler holds what is shared to what is safe. What threads do not have is a fence: one that writes where it
//! should not, or aborts, takes the whole process along.

pub mod barrier;
pub mod condition;
pub mod event;
pub mod lock;
pub mod queue;
pub mod rlock;
pub mod semaphore;
pub mod service;
pub mod simple_queue;
#[cfg(test)]
mod tests;

pub use barrier::Barrier;
pub use condition::Condition;
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use queue::{LifoQueue, PriorityQueue, Queue};
pub use rlock::{RLock, RLockGuard};
pub use semaphore::{BoundedSemaphore, Permit, Semaphore};
pub use service::Service;
pub use simple_queue::SimpleQueue;
