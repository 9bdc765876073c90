//! The service as threads: workers that share one memory.
//!
//! The counterpart of Python's `threading` and `queue`. Sharing is easy, since everything is in reach of everyone, and
//! the compiler holds what is shared to what is safe. What threads do not have is a fence: one that writes where it
//! should not, or aborts, takes the whole process along.

pub mod lock;
pub mod service;

use std::process::ExitCode;

pub use lock::Lock;
pub use service::Service;

use crate::demo::{self, Model};

/// The flags that only this demo has: none so far.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {}

/// Each thread maps its stack, a second one for signal handlers, and a guard before each: Linux lets a process have 65,530
/// mappings.
const MODEL: Model = Model { name: "threads", most_workers: 10_000 };

/// The program `chapter-threads`.
pub fn main() -> ExitCode {
    demo::main(MODEL, |_: Options, demo| {
        let mut service = Service::new(demo.plan, demo.trace);
        service.add_jobs(demo.jobs);
        service.run(demo.started)
    })
}
