//! The three ways to start a worker process: Python's *start methods*.
//!
//! | method | what the child begins with | what it costs |
//! | --- | --- | --- |
//! | [`fork`] | a copy of everything that the parent has in memory | copying the page tables |
//! | [`spawn`] | the program from its beginning, and what it is sent | loading the program |
//! | [`forkserver`] | a copy of a process that has never done anything, and what it is sent | a message, and a small fork |
//!
//! Whichever way it began, a worker keeps three rules: it leaves Ctrl-C to the first process, it ends when its parent
//! dies, and it holds the writing end of a pipe, its *sentinel*, as long as it lives.

pub mod fork;
pub mod forkserver;
pub mod spawn;

use std::io::{self, Write};
use std::process::{Child, ExitCode};

use clap::ValueEnum;
use forkserver::ForkServer;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getppid};

use super::service::Worker;

/// How worker processes are started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// Copy this process: the default here, as it was CPython's on Linux until 3.13
    #[default]
    Fork,
    /// Start the program afresh
    Spawn,
    /// Ask a server that was started afresh to copy itself: CPython's default on Linux since 3.14
    Forkserver,
}

/// Starts worker processes by one method.
#[derive(Debug)]
pub enum Starter {
    /// By `fork`.
    Fork,
    /// By `spawn`.
    Spawn,
    /// By asking this server.
    ForkServer(ForkServer),
}

impl Starter {
    /// Makes ready to start processes by `method`: for `forkserver`, starts the server.
    ///
    /// # Errors
    ///
    /// For `fork`, when this process has more than one thread; for `forkserver`, when the server cannot be started.
    pub fn new(method: Method) -> io::Result<Self> {
        match method {
            Method::Fork => fork::check_that_no_thread_is_lost().map(|()| Self::Fork),
            Method::Spawn => Ok(Self::Spawn),
            Method::Forkserver => ForkServer::start().map(Self::ForkServer),
        }
    }

    /// Starts a process in which `worker` works. A child that is a copy of this process gives up first what a worker
    /// must not have, with `give_up`; any other never had it.
    ///
    /// # Errors
    ///
    /// When the system refuses the process.
    pub fn start(&self, worker: Worker, give_up: impl FnOnce()) -> io::Result<Process> {
        match self {
            Self::Fork => {
                let child = fork::start(|| {
                    give_up();
                    worker.work();
                });
                child.map(Process::Forked)
            }
            Self::Spawn => {
                let (preparation, descriptors) = worker.pack()?;
                let (child, _) = spawn::start(spawn::WORKER, &preparation, &descriptors)?;
                Ok(Process::Spawned(child))
            }
            Self::ForkServer(server) => {
                let (preparation, descriptors) = worker.pack()?;
                server.fork(&preparation, &descriptors).map(Process::Served)
            }
        }
    }
}

/// A worker process.
#[derive(Debug)]
pub enum Process {
    /// A child of this process, made by `fork`.
    Forked(Pid),
    /// A child of this process, started afresh.
    Spawned(Child),
    /// A child of the fork server, which waits for it.
    Served(Pid),
}

impl Process {
    /// Blocks until the process has ended, so that the system can forget it.
    pub fn wait(self) {
        // Only a process that is no child can fail to be waited for, and then there is nothing to wait for.
        match self {
            Self::Forked(pid) => _ = waitpid(pid, None),
            Self::Spawned(mut child) => _ = child.wait(),
            Self::Served(_) => {}
        }
    }
}

/// What a process does that was started by another one of this program instead of by a person; nothing for the latter.
///
/// A program that uses [`spawn`] or [`forkserver`] calls this before all else, as one in Python has its
/// `if __name__ == "__main__"`.
pub fn child_main() -> Option<ExitCode> {
    let result = match std::env::args().nth(1)?.as_str() {
        spawn::WORKER => spawn::worker_main(),
        spawn::FORK_SERVER => forkserver::server_main(),
        _ => return None,
    };
    Some(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: this part of the demo is started by the demo itself: {error}");
            ExitCode::from(2)
        }
    })
}

/// Lets the kernel kill this process when `parent` dies.
///
/// # Errors
///
/// When it has died already.
fn end_with(parent: Pid) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // It may have died before the kernel was told.
    if getppid() == parent { Ok(()) } else { Err(io::Error::other("the parent is gone")) }
}
