//! Runs the service as `chapter-processes` does, and kills a worker in the middle of its work.

use std::env;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use chapters::demo::{self, Demo};
use chapters::environment;
use chapters::options;
use chapters::processes::{Method, Service};
use chapters::record::WorkerId;
use chapters::service::{Model, Outcome};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The flag that only this program has.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Options {
    /// How long to wait, once all workers have started, before the first one is killed
    #[arg(long, value_name = "SECONDS", default_value = "0.25", value_parser = options::time)]
    kill_after: Duration,
}

pub fn main() -> ExitCode {
    environment::prepare_example();
    demo::main(Model::Processes, env::args_os(), run)
}

fn run(options: Options, demo: Demo) -> io::Result<Outcome> {
    let mut service = Service::new(demo.plan, demo.trace, Method::Fork, demo.jobs.len())?;
    service.add_jobs(demo.jobs).map_err(io::Error::other)?;
    service.run(Box::new(|stopper| {
        thread::spawn(move || {
            thread::sleep(options.kill_after);
            if let Some(worker) = first_worker() {
                let _ = pidfd_send_signal(worker, Signal::KILL);
            }
        });
        (demo.on_started)(stopper)
    }))
}

/// The first worker, if it's running: the child process that has named itself so.
pub fn first_worker() -> Option<OwnedFd> {
    let name = format!("Name:\t{}\n", WorkerId(0));
    let parent = format!("\nPPid:\t{}\n", process::id());
    let pids = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(Pid::from_raw).find_map(|pid| {
        // The pidfd is opened first. If the PID is the worker's afterward, the pidfd refers to the worker.
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        (status.starts_with(&name) && status.contains(&parent)).then_some(pidfd)
    })
}
