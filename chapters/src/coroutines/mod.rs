//! The service as coroutines: workers that take turns on an event loop.
//!
//! The counterpart of Python's `asyncio`. A waiting coroutine costs less than a kilobyte and no thread, so there can be
//! very many. They share one memory like threads, but a turn ends only where the code says `await`: what does not wait
//! makes everyone else wait.
//!
//! A coroutine that waits can be *cancelled*: it is dropped, and never goes on. Whoever holds a task can
//! [abort](tokio::task::JoinHandle::abort) it, and a [timeout](tokio::time::timeout) does it all the time. In asyncio an
//! exception is thrown where the coroutine waits, and it can tidy up; here its guards are dropped. So the docs of whatever
//! waits here say what its cancellation leaves behind: nothing is lost, and nobody who waits for the same is stuck.

pub mod barrier;
pub mod condition;
pub mod event;
pub mod lock;
pub mod queue;
pub mod rlock;
pub mod semaphore;
pub mod service;

use std::io;

pub use barrier::Barrier;
use clap::ValueEnum;
pub use condition::Condition;
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use queue::{LifoQueue, PriorityQueue, Queue};
pub use rlock::{RLock, RLockGuard};
pub use semaphore::{BoundedSemaphore, Permit, Semaphore};
pub use service::Service;
use tokio::runtime;

/// What the coroutines run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Runtime {
    /// One event loop on one thread, as asyncio has it
    #[default]
    CurrentThread,
    /// Tokio's pool: a thread per core, and coroutines move between them
    MultiThread,
}

impl Runtime {
    /// Builds the runtime.
    ///
    /// # Errors
    ///
    /// When the system refuses threads or what else the runtime needs.
    pub fn build(self) -> io::Result<runtime::Runtime> {
        match self {
            Runtime::CurrentThread => runtime::Builder::new_current_thread(),
            Runtime::MultiThread => runtime::Builder::new_multi_thread(),
        }
        .enable_time()
        .build()
    }
}

#[cfg(test)]
#[path = "tests/testing.rs"]
mod testing;
