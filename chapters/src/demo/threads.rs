//! The program `chapter-threads`: the service with threads for workers, under a GIL if the command line asks for one.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use crate::demo;
use crate::gil::interpreter::{GilMode, Gils};
use crate::gil::worker;
use crate::options;
use crate::service::Model;
use crate::threads::Service;

/// The flags that only this demo has.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// Which interpreter locks there are: none, one for all workers, or one for each
    #[arg(long, value_enum, default_value_t)]
    pub gil: GilMode,

    /// How long a worker waits for the interpreter lock before it asks the holder to release it: CPython's switch
    /// interval. At least a microsecond
    #[arg(long, value_name = "SECONDS", default_value = "0.005", value_parser = options::switch_interval, allow_hyphen_values = true)]
    pub switch_interval: Duration,
}

/// The command line of the program `chapter-threads`.
pub fn command() -> clap::Command {
    demo::command::<Options>(Model::Threads)
}

/// The program `chapter-threads`.
pub fn main() -> ExitCode {
    main_with(env::args_os())
}

/// The same, with the given arguments. The first one is the name of the program.
pub(crate) fn main_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    demo::main(Model::Threads, arguments, |options: Options, demo| {
        let gils = Gils::new(options.gil, options.switch_interval);
        let mut service = Service::new(demo.plan, demo.trace);
        service.add_jobs(demo.jobs);
        worker::run(service, gils, demo.on_started)
    })
}
