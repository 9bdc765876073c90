//! The program `chapter-processes`: the service with processes for workers.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use crate::demo;
use crate::processes::Service;
use crate::processes::service::Worker;
use crate::processes::start::{self, Method};
use crate::service::Model;

/// The flags that only this demo has.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// How worker processes are started
    #[arg(long, value_enum, default_value_t)]
    pub method: Method,
}

/// The command line of the program `chapter-processes`.
pub fn command() -> clap::Command {
    demo::command::<Options>(Model::Processes)
}

/// The program `chapter-processes`. A process that the program starts as a worker runs this function as well.
pub fn main() -> ExitCode {
    as_worker().unwrap_or_else(|| main_with(env::args_os()))
}

/// Runs a worker if the parent process started this process as one, and returns its exit status; otherwise, returns
/// `None`.
pub(crate) fn as_worker() -> Option<ExitCode> {
    start::child_main::<Worker>()
}

/// The same, with the given arguments. The first one is the name of the program.
pub(crate) fn main_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    demo::main(Model::Processes, arguments, |options: Options, demo| {
        let mut service = Service::new(demo.plan, demo.trace, options.method, demo.jobs.len())?;
        service.add_jobs(demo.jobs).map_err(io::Error::other)?;
        service.run(demo.on_started)
    })
}
