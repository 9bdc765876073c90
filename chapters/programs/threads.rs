//! The book's own primitives and queues for threads, compiled on the scheduler's primitives, so that the reader can
//! step through them. The sources are those of `chapters/src/threads`, unchanged.

#[path = "../src/threads/barrier.rs"]
pub mod barrier;
#[path = "../tests/loom_threads/broken.rs"]
pub mod broken;
#[path = "../src/threads/condition.rs"]
pub mod condition;
#[path = "../src/threads/event.rs"]
pub mod event;
#[path = "../src/threads/lock.rs"]
pub mod lock;
#[path = "../src/threads/queue.rs"]
pub mod queue;
#[path = "../src/threads/rlock.rs"]
pub mod rlock;
#[path = "../src/threads/semaphore.rs"]
pub mod semaphore;
#[path = "../src/threads/simple_queue.rs"]
pub mod simple_queue;

pub use barrier::Barrier;
pub use condition::Condition;
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use queue::Queue;
pub use rlock::RLock;
pub use semaphore::Semaphore;
pub use simple_queue::SimpleQueue;

/// Expires when the reader chooses that.
const LONG: std::time::Duration = std::time::Duration::from_secs(30);
