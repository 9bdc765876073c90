//! The program `chapter-coroutines`: the service with coroutines for workers.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use crate::coroutines::{Runtime, Service};
use crate::demo;
use crate::service::Model;

/// The flags that only this demo has.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// The event loop
    #[arg(long, value_enum, default_value_t)]
    pub runtime: Runtime,
}

/// The command line of the program `chapter-coroutines`.
pub fn command() -> clap::Command {
    demo::command::<Options>(Model::Coroutines)
}

/// The program `chapter-coroutines`.
pub fn main() -> ExitCode {
    main_with(env::args_os())
}

/// The same, with the given arguments. The first one is the name of the program.
pub(crate) fn main_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    demo::main(Model::Coroutines, arguments, |options: Options, demo| {
        let runtime = match demo.plan.echo_port {
            Some(_) => options.runtime.build_with_io()?,
            None => options.runtime.build()?,
        };
        runtime.block_on(async {
            let mut service = Service::new(demo.plan, demo.trace);
            service.add_jobs(demo.jobs);
            service.run(demo.on_started).await
        })
    })
}
