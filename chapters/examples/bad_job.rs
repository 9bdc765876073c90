//! The service of the threads, and among its jobs one that cannot be done: `cargo run --example bad_job`.
//!
//! It has the flags of `chapter-threads`.

use std::env;
use std::process::ExitCode;

use chapters::demo;
use chapters::job::{Job, Kind};
use chapters::service::Model;
use chapters::threads::Service;

/// Which job it is.
const BAD: usize = 5;

#[derive(clap::Args)]
struct NoMoreFlags {}

fn main() -> ExitCode {
    demo::main(Model::Threads, env::args_os(), |_: NoMoreFlags, mut demo| {
        // Nobody can wait for less than no time: this job panics.
        if let Some(job) = demo.jobs.get_mut(BAD) {
            *job = Job { kind: Kind::Io, size: -1.0, ..*job };
        }
        let mut service = Service::new(demo.plan, demo.trace);
        service.add_jobs(demo.jobs);
        service.run(demo.on_started)
    })
}
