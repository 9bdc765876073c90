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

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

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

use crate::demo::{self, Model};

/// The flags that only this demo has.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// How worker processes are started
    #[arg(long, value_enum, default_value_t)]
    pub method: Method,
}

/// A process is the most expensive worker, and a system has numbers for 32,768 of them unless it is told otherwise.
const MODEL: Model = Model { name: "processes", most_workers: 10_000 };

/// The command line of the program `chapter-processes`.
pub fn command() -> clap::Command {
    demo::command::<Options>(MODEL)
}

/// The program `chapter-processes`, and what the processes run that it starts by its own name.
pub fn main() -> ExitCode {
    as_worker().unwrap_or_else(|| main_with(env::args_os()))
}

/// What a process of this service runs that was started by its parent instead of by a person; nothing for the latter.
pub(crate) fn as_worker() -> Option<ExitCode> {
    start::child_main::<service::Worker>()
}

/// The program with other arguments than its own; the first is the name of the program.
pub(crate) fn main_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    demo::main(MODEL, arguments, |options: Options, demo| {
        let mut service = Service::new(demo.plan, demo.trace, options.method, demo.jobs.len())?;
        service.add_jobs(demo.jobs).map_err(io::Error::other)?;
        service.run(demo.started)
    })
}
