//! Runs the service as `chapter-processes` does, and kills a worker in the middle of its work.

use std::env;
use std::fs;
use std::io;
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use chapters::demo::{self, Demo};
use chapters::options;
use chapters::processes::{Method, Service};
use chapters::service::{Model, Outcome};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The flag that only this program has.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Options {
    /// When the first worker is killed, counted from the moment in which all are there
    #[arg(long, value_name = "SECONDS", default_value = "0.25", value_parser = options::time)]
    kill_after: Duration,
}

pub fn main() -> ExitCode {
    demo::main(Model::Processes, env::args_os(), run)
}

// ANCHOR: run
fn run(options: Options, demo: Demo) -> io::Result<Outcome> {
    let mut service = Service::new(demo.plan, demo.trace, Method::Fork, demo.jobs.len())?;
    service.add_jobs(demo.jobs).map_err(io::Error::other)?;
    service.run(Box::new(|stopper| {
        thread::spawn(move || {
            thread::sleep(options.kill_after);
            if let Some(worker) = first_worker() {
                let _ = kill(worker, Signal::SIGKILL);
            }
        });
        (demo.on_started)(stopper)
    }))
}
// ANCHOR_END: run

/// The first worker: of all processes that have this one for a parent, the one with the smallest number.
fn first_worker() -> Option<Pid> {
    let parent = format!("\nPPid:\t{}\n", process::id());
    let numbers = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |number: &i32| {
        fs::read_to_string(format!("/proc/{number}/status")).is_ok_and(|status| status.contains(&parent))
    };
    numbers.filter(is_child).min().map(Pid::from_raw)
}
