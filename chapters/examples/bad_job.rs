//! The service with threads, with one job that panics: `cargo run --example bad_job`.
//!
//! It has the flags of `chapter-threads`.

use std::env;
use std::process::ExitCode;

use chapters::demo;
use chapters::job::{Job, Kind};
use chapters::service::Model;
use chapters::threads::service::{Service, Worker};

/// The index of the job.
const BAD: usize = 5;

#[derive(clap::Args)]
struct NoMoreFlags {}

fn main() -> ExitCode {
    demo::main(Model::Threads, env::args_os(), |_: NoMoreFlags, mut demo| {
        // A wait can't be shorter than zero: this job panics.
        if let Some(job) = demo.jobs.get_mut(BAD) {
            *job = Job { kind: Kind::Io, size: -1.0, ..*job };
        }
        let mut service = Service::new(demo.plan, demo.trace);
        service.add_jobs(demo.jobs);
        service.run(demo.on_started, Worker::work)
    })
}
