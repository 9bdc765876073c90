//! The service as coroutines, which take turns on an event loop, and the primitives and the queue that coroutines
//! share.
//!
//! This is the counterpart of Python's `asyncio`. A waiting coroutine costs less than a kilobyte and no thread, so a
//! program can have very many of them. Like threads, they share memory. Unlike threads, they are interrupted only where
//! the code says `await`, so a coroutine that computes for a long time makes the others wait.
//!
//! # Cancellation
//!
//! A coroutine that waits can be *canceled*: its future is dropped and never polled again. To cancel a task, call
//! [`abort`](tokio::task::JoinHandle::abort); a [`timeout`](tokio::time::timeout) cancels the future that it awaits. In
//! asyncio, cancellation raises an exception at the `await`, and the coroutine can handle it. Here, the coroutine's
//! guards are dropped.
//!
//! The docs of each `async` method say what a cancellation leaves behind. In every case, nothing is lost: a lock,
//! permit, or notification that was meant for the canceled coroutine goes to the next one.
//!
//! # Futurelock
//!
//! Some of these types promise the next coroutine in the queue something before it runs: a [`Lock`] that is released is
//! reserved for it, and a [`Condition`] notifies it. The promise is kept when its future is polled, and passed on when
//! the future is dropped. While the future is neither polled nor dropped, all others wait, although nothing is in use.
//! This is called *futurelock*. It can happen when a task polls a future by reference and then awaits something else:
//!
//! ```
//! use std::time::Duration;
//!
//! use chapters::coroutines::Lock;
//! use tokio::time::{sleep, timeout};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let lock = Lock::new();
//! let guard = lock.acquire().await;
//! let mut first = Box::pin(lock.acquire());
//! tokio::select! {
//!     _guard = &mut first => unreachable!("the lock is held"),
//!     () = sleep(Duration::from_millis(1)) => {} // `first` stays in the queue
//! }
//! drop(guard); // reserves the lock for `first`, which isn't polled anymore
//! assert!(!lock.is_locked());
//! assert!(timeout(Duration::from_millis(10), lock.acquire()).await.is_err());
//!
//! drop(first); // passes the lock on
//! let _guard = lock.acquire().await;
//! # }
//! ```
//!
//! Python can't get into this state, because a future that was created runs on its own or was never started. In Rust,
//! it concerns all fair locks, including tokio's `Mutex`, `RwLock` and `Semaphore`. To avoid it, pass futures to
//! `select!` by value, so that it drops those that don't finish, or spawn them as tasks, which are polled
//! independently. The name is from [RFD 609](https://rfd.shared.oxide.computer/rfd/0609) of Oxide Computer.
//!
//! # Coop budget
//!
//! An `await` that needn't wait still yields to other tasks now and then, because tokio limits what a task may do
//! without yielding. So `acquire` of a free [`Lock`], [`RLock`] or [`Semaphore`] can let others run first. asyncio's
//! never does.

pub mod barrier;
pub mod client;
pub mod condition;
pub mod event;
pub mod lock;
pub mod queue;
mod recv_deadline;
pub mod rlock;
pub mod semaphore;
pub mod service;
#[cfg(test)]
pub(crate) mod tests;
mod time_slice;

use std::fs;
use std::io;
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

pub use barrier::Barrier;
use clap::ValueEnum;
pub use client::Client;
pub use condition::Condition;
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use queue::{LifoQueue, PriorityQueue, Queue};
pub use recv_deadline::recv_deadline;
pub use rlock::{RLock, RLockGuard};
pub use semaphore::{BoundedSemaphore, Permit, Semaphore};
pub use service::Service;
pub use time_slice::TimeSlice;
use tokio::runtime;

use crate::echo::check_that_event_loop_can_start;

/// The runtime that the coroutines run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Runtime {
    /// One event loop on one thread, as asyncio has it
    #[default]
    CurrentThread,
    /// Tokio's pool: a thread per core, and coroutines move between them
    MultiThread,
}

impl Runtime {
    /// Builds the runtime, with time enabled, but not I/O. An idle thread of it sleeps until it's notified.
    ///
    /// # Errors
    ///
    /// If the operating system can't provide the threads or other resources that the runtime needs.
    ///
    /// # Examples
    ///
    /// ```
    /// use chapters::coroutines::Runtime;
    ///
    /// let runtime = Runtime::CurrentThread.build().unwrap();
    /// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
    /// ```
    pub fn build(self) -> io::Result<runtime::Runtime> {
        self.builder()?.enable_time().build()
    }

    /// Builds the runtime with time and I/O enabled. An idle thread of it sleeps in `epoll_wait`, until a socket is ready
    /// or another thread writes to a descriptor that wakes it up.
    ///
    /// # Errors
    ///
    /// As for [`build`](Runtime::build).
    pub fn build_with_io(self) -> io::Result<runtime::Runtime> {
        check_that_event_loop_can_start()?;
        self.builder()?.enable_time().enable_io().build()
    }

    fn builder(self) -> io::Result<runtime::Builder> {
        Ok(match self {
            Runtime::CurrentThread => runtime::Builder::new_current_thread(),
            Runtime::MultiThread => {
                let threads = thread::available_parallelism().map_or(1, NonZero::get);
                check_that_threads_can_start(threads)?;
                let mut builder = runtime::Builder::new_multi_thread();
                builder.worker_threads(threads);
                builder
            }
        })
    }
}

/// Starts this number of threads, and waits until they have ended. If the system refused to start one, tokio would
/// panic and wait forever for the threads that it had started.
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
