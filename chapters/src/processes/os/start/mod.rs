//! The three ways to start a process of this program: Python's *start methods*.
//!
//! | method | what the child begins with | what it costs |
//! | --- | --- | --- |
//! | [`fork`] | a copy of everything that the parent has in memory | copying the page tables |
//! | [`spawn`] | the program from its beginning, and what it is sent | loading the program |
//! | [`forkserver`] | a copy of a process that has never done anything, and what it is sent | a message, and a small fork |
//!
//! A [`Child`] says what the process does, and what it must be sent for that. A [`Starter`] starts it, and a [`Process`] is
//! the handle to signal it and to wait for it.
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

pub mod fork;
pub mod forkserver;
mod process;
pub(crate) mod setup;
pub mod spawn;

use std::io::{self, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::ExitCode;

use clap::ValueEnum;
use forkserver::ForkServer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use setup::HeldSignals;

pub use process::{Process, exit_code};

/// The work of a process that this program starts: the counterpart of `target` and `args` of Python's
/// `multiprocessing.Process`.
///
/// In Python, the arguments are pickled unless the method is `fork`, and the start fails if one can't be. Here the type
/// says how it is turned into bytes and open files, and how it is restored from them. A program whose children do
/// different things has one `Child` that is an enum.
///
/// ```standalone_crate
/// use std::io::{self, PipeWriter, Read, Write};
/// use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
/// use std::process::ExitCode;
///
/// use chapters::processes::start::{Child, Method, Starter, child_main};
///
/// /// Says hello into a pipe.
/// struct Greeter {
///     name: String,
///     pipe: PipeWriter,
/// }
///
/// impl Child for Greeter {
///     type Preparation = String;
///
///     fn pack(&self) -> io::Result<(String, Vec<BorrowedFd<'_>>)> {
///         Ok((self.name.clone(), vec![self.pipe.as_fd()]))
///     }
///
///     fn unpack(name: String, mut files: Vec<OwnedFd>) -> io::Result<Self> {
///         let pipe = files.pop().ok_or(io::ErrorKind::InvalidData)?;
///         Ok(Self { name, pipe: PipeWriter::from(pipe) })
///     }
///
///     fn run(mut self) {
///         write!(self.pipe, "Hello from {}.", self.name).expect("somebody listens");
///     }
/// }
///
/// fn main() -> io::Result<ExitCode> {
///     if let Some(status) = child_main::<Greeter>() {
///         return Ok(status);
///     }
///     for method in [Method::Fork, Method::Spawn, Method::Forkserver] {
///         let starter = Starter::new(method)?;
///         let (mut greeting, pipe) = io::pipe()?;
///         let process = starter.start(Greeter { name: format!("{method:?}"), pipe })?;
///         let mut said = String::new();
///         greeting.read_to_string(&mut said)?;
///         assert_eq!(said, format!("Hello from {method:?}."));
///         assert!(process.wait()?.success());
///     }
///     Ok(ExitCode::SUCCESS)
/// }
/// ```
pub trait Child: Sized {
    /// What it is sent as bytes: together with where to find the message in it, at most 1,024 of them.
    type Preparation: Serialize + DeserializeOwned;

    /// Returns what a process must be sent to become this child: a value that can be turned into bytes, and open files, at
    /// most 8. By `fork` nothing is sent, but only these files stay open in the child.
    ///
    /// # Errors
    ///
    /// If it can't be turned into these; [`Starter::start`] passes the error on.
    fn pack(&self) -> io::Result<(Self::Preparation, Vec<BorrowedFd<'_>>)>;

    /// Creates the child that was packed in another process.
    ///
    /// # Errors
    ///
    /// If the files aren't those that were packed. Then the process prints the error and ends with exit code 1.
    fn unpack(preparation: Self::Preparation, files: Vec<OwnedFd>) -> io::Result<Self>;

    /// Does the work of the process, which ends when this returns (exit code 0) or panics (101).
    fn run(self);
}

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
    /// If the child can't be [packed](Child::pack), if the system refuses another process or descriptor, or for `fork` if
    /// this process has several threads by now. No process is left behind then.
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

/// Reports why a worker process can't begin, and returns its exit code.
fn cannot_begin(error: &io::Error) -> i32 {
    let _ = writeln!(io::stderr(), "error: a worker process cannot begin: {error}");
    1
}

/// Does what a process does that another process of this program started, or returns `None` in a process that a person
/// started.
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
        // The parent has ended, so there is nobody to tell.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: this part of the program is started by the program itself: {error}");
            ExitCode::from(2)
        }
    })
}
