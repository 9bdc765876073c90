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

use std::fs;
use std::io;
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

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
        let mut builder = match self {
            Runtime::CurrentThread => runtime::Builder::new_current_thread(),
            Runtime::MultiThread => {
                let threads = thread::available_parallelism().map_or(1, NonZero::get);
                check_that_threads_can_start(threads)?;
                let mut builder = runtime::Builder::new_multi_thread();
                builder.worker_threads(threads);
                builder
            }
        };
        builder.enable_time().build()
    }
}

/// Starts as many threads, and waits until they are gone. Tokio panics if the system refuses it one, and then waits forever
/// for those that it has started.
///
/// # Errors
///
/// If the system refuses one of them.
fn check_that_threads_can_start(threads: usize) -> io::Result<()> {
    let before = threads_of_this_process();
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let closed = gate.lock();
        let mut start = (0..threads).map(|_| thread::Builder::new().spawn_scoped(scope, || drop(gate.lock())));
        let started = start.try_for_each(|thread| thread.map(drop));
        drop(closed);
        started.map_err(|error| io::Error::new(error.kind(), format!("cannot start a thread of the runtime: {error}")))
    })?;
    // A thread that was joined still counts for a moment.
    let begin = Instant::now();
    while threads_of_this_process() > before && begin.elapsed() < LEAVING {
        thread::yield_now();
    }
    Ok(())
}

/// How many threads there are, as the system counts them; 0 where it cannot be asked.
fn threads_of_this_process() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// How long a thread that was joined may need until the system has forgotten it.
const LEAVING: Duration = Duration::from_secs(1);

#[cfg(test)]
#[path = "tests/testing.rs"]
mod testing;
