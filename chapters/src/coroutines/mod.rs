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

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

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

use crate::demo::{self, Model};

/// The flags that only this demo has.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// The event loop
    #[arg(long, value_enum, default_value_t)]
    pub runtime: Runtime,
}

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

/// A coroutine is a piece of memory, and there could be many more: past this, a slip of the finger costs more than anybody
/// learns.
const MODEL: Model = Model { name: "coroutines", most_workers: 100_000 };

/// The command line of the program `chapter-coroutines`.
pub fn command() -> clap::Command {
    demo::command::<Options>(MODEL)
}

/// The program `chapter-coroutines`.
pub fn main() -> ExitCode {
    main_with(env::args_os())
}

/// The same with other arguments than the program's own; the first is the name of the program.
pub(crate) fn main_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    demo::main(MODEL, arguments, |options: Options, demo| {
        options.runtime.build()?.block_on(async {
            let mut service = Service::new(demo.plan, demo.trace);
            service.add_jobs(demo.jobs);
            service.run(demo.started).await
        })
    })
}

#[cfg(test)]
mod testing {
    use std::time::Duration;

    use tokio::{task, time};

    use super::*;

    /// Longer than anything here takes.
    const LIMIT: Duration = Duration::from_secs(30);

    /// Runs a test in a task on both runtimes.
    pub(super) fn on_both_runtimes<F: Future<Output = ()> + Send + 'static>(test: impl Fn() -> F) {
        for runtime in Runtime::value_variants() {
            runtime.build().unwrap().block_on(async {
                let task = task::spawn(test());
                time::timeout(LIMIT, task).await.expect("nobody is stuck").unwrap();
            });
        }
    }

    /// Lets others run until it is so.
    pub(super) async fn until(is_so: impl Fn() -> bool) {
        while !is_so() {
            task::yield_now().await;
        }
    }
}
