//! The three ways to start a process of this program: Python's *start methods*.
//!
//! | method | what the child begins with | what it costs |
//! | --- | --- | --- |
//! | [`fork`] | a copy of everything that the parent has in memory | copying the page tables |
//! | [`spawn`] | the program from its beginning, and what it is sent | loading the program |
//! | [`forkserver`] | a copy of a process that has never done anything, and what it is sent | a message, and a small fork |
//!
//! A [`Child`] defines the work of the process and the data that must be sent for it. A [`Starter`] starts the process,
//! and a [`Process`] is the handle to signal it and to wait for it.
//!
//! # What every child has
//!
//! All three methods promise the same, so that a program doesn't depend on the method:
//!
//! - *Standard input* is empty (`/dev/null`), as in Python. *Standard output* and *standard error* are those of its parent.
//! - *File descriptors*: only those that [`Child::pack`] names. All others are closed, so that a pipe closes when its owner
//!   ends, and a worker doesn't have the descriptors of its siblings.
//! - *Ctrl-C* and a closed terminal (`SIGINT`, `SIGHUP`) don't end it: they are left to the first process. A program that
//!   the child executes gets the default behavior. Other signals do what they do in the parent.
//! - It is killed when its parent dies (`PR_SET_PDEATHSIG`).
//! - Its exit code is 0, or 101 if it panicked.
//!
//! Needs Linux 5.9 or later.

mod child;
pub mod fork;
pub mod forkserver;
mod process;
pub(crate) mod setup;
pub mod spawn;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use forkserver::ForkServer;
use setup::HeldSignals;

pub use child::Child;
pub use process::{Process, exit_code};

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

/// Starts processes by one method: Python's `multiprocessing.get_context(method)`.
///
/// The kernel considers the thread that starts a process its parent (for `forkserver`, the thread that creates the starter
/// is the server's). When that thread ends, the process is killed (`PR_SET_PDEATHSIG`, see prctl(2)), so use the main
/// thread. [`Child`] has an example.
#[derive(Debug)]
pub enum Starter<C> {
    /// By `fork`.
    Fork,
    /// By `spawn`.
    Spawn,
    /// By a request to this server.
    ForkServer(ForkServer<C>),
}

impl<C: Child> Starter<C> {
    /// Prepares to start processes by `method`: for `forkserver`, starts the server.
    ///
    /// # Errors
    ///
    /// For `fork`, if this process has several threads; for `forkserver`, if the server can't be started.
    pub fn new(method: Method) -> io::Result<Self> {
        match method {
            Method::Fork => fork::check_single_threaded().map(|()| Self::Fork),
            Method::Spawn => Ok(Self::Spawn),
            Method::Forkserver => ForkServer::start().map(Self::ForkServer),
        }
    }

    /// Starts a process that [runs](Child::run) `child`.
    ///
    /// # Errors
    ///
    /// If the child can't be [packed](Child::pack), if the system refuses another process or descriptor, or for `fork`
    /// if this process has several threads by now. No child is left running after an error.
    pub fn start(&self, child: C) -> io::Result<Process> {
        let (preparation, files) = child.pack()?;
        match self {
            Self::Fork => {
                let mut kept = setup::numbers(&files);
                drop(files);
                let held = HeldSignals::hold()?;
                let process = fork::try_start(|| {
                    // SAFETY: The values of the parent that own the other descriptors are never used or dropped in the
                    // copy: it runs nothing but `child`, which names in `pack` what it needs, and then exits.
                    unsafe { setup::close_all_but(&mut kept) }?;
                    setup::empty_stdin()?;
                    setup::leave_terminal_to_first_process()?;
                    child.run();
                    Ok(())
                });
                drop(held);
                process
            }
            Self::Spawn => Ok(spawn::start(spawn::WORKER, &preparation, &files)?.0),
            Self::ForkServer(server) => server.fork(&preparation, &files),
        }
    }
}

/// Runs the child or the fork server in a process that another process of this program started for it, and returns the
/// exit code. Returns `None` in any other process, such as one that was started from a shell.
///
/// A program that uses [`spawn`] or [`forkserver`] calls this first in `main`, before it opens a file or starts a thread:
/// in a worker, all file descriptors but the standard streams are closed. A Python program has its
/// `if __name__ == "__main__"` for the same purpose.
pub fn child_main<C: Child>() -> Option<ExitCode> {
    let role = std::env::args_os().nth(1)?;
    let result = match role.to_str()? {
        spawn::WORKER => spawn::worker_main::<C>(),
        spawn::FORK_SERVER => forkserver::server_main::<C>(),
        _ => return None,
    };
    Some(match result {
        Ok(code) => code,
        // The parent has ended, so the error can't be reported.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: this part of the program is started by the program itself: {error}");
            ExitCode::from(2)
        }
    })
}
