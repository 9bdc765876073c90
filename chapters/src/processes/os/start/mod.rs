//! The three ways to start a process of this program: Python's *start methods*.
//!
//! | method | what the child begins with | what it costs |
//! | --- | --- | --- |
//! | [`fork`] | a copy of everything that the parent has in memory | copying the page tables |
//! | [`spawn`] | the program from its beginning, and what it is sent | loading the program |
//! | [`forkserver`] | a copy of a process that has never done anything, and what it is sent | a message, and a small fork |
//!
//! What a child does, and what it must be sent for that, is a [`Child`]. Whichever way it began, it keeps two rules: it
//! leaves Ctrl-C to the first process, and it ends when its parent does.

pub mod fork;
pub mod forkserver;
mod process;
pub mod spawn;

use std::io::{self, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::ExitCode;

use clap::ValueEnum;
use forkserver::ForkServer;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use process::Process;

/// What a process does that this program starts: the counterpart of `target` and `args` of Python's
/// `multiprocessing.Process`.
///
/// There, the arguments are pickled on their way unless the method is `fork`, and what cannot be pickled fails then. Here
/// the type says how it becomes bytes and open files, and how it is made again of them. A program whose children are to
/// do different things has one `Child` that is an enum.
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
///         process.wait();
///     }
///     Ok(ExitCode::SUCCESS)
/// }
/// ```
pub trait Child: Sized {
    /// What it is sent as bytes: together with where to find the message in it, at most 1,024 of them.
    type Preparation: Serialize + DeserializeOwned;

    /// What a process must be sent to become this child: what can be turned into bytes, and open files, at most 8.
    ///
    /// # Errors
    ///
    /// When it cannot be turned into these; [`Starter::start`] passes the error on.
    fn pack(&self) -> io::Result<(Self::Preparation, Vec<BorrowedFd<'_>>)>;

    /// The child that was packed in another process.
    ///
    /// # Errors
    ///
    /// When the files are not those that were packed. Then the process ends at once.
    fn unpack(preparation: Self::Preparation, files: Vec<OwnedFd>) -> io::Result<Self>;

    /// What the process does. When this returns or panics, it ends: with status 0 or another one.
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
/// The thread that starts them, or for `forkserver` the one that makes the starter, is their parent in the kernel's eyes:
/// when it ends, they do (`PR_SET_PDEATHSIG`, see prctl(2)). So that is best the main thread. See [`Child`] for an
/// example.
#[derive(Debug)]
pub enum Starter<C> {
    /// By `fork`.
    Fork,
    /// By `spawn`.
    Spawn,
    /// By asking this server.
    ForkServer(ForkServer<C>),
}

impl<C: Child> Starter<C> {
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

    /// Starts a process in which `child` runs.
    ///
    /// # Errors
    ///
    /// When the system refuses the process, or the child cannot be [packed](Child::pack).
    pub fn start(&self, child: C) -> io::Result<Process> {
        match self {
            Self::Fork => fork::start(|| child.run()).map(Process::Forked),
            Self::Spawn => {
                let (preparation, files) = child.pack()?;
                let (process, _) = spawn::start(spawn::WORKER, &preparation, &files)?;
                Ok(Process::Spawned(process))
            }
            Self::ForkServer(server) => {
                let (preparation, files) = child.pack()?;
                server.fork(&preparation, &files).map(Process::Served)
            }
        }
    }
}

/// What a process does that was started by another one of this program instead of by a person; nothing for the latter.
///
/// A program that uses [`spawn`] or [`forkserver`] calls this before all else, as one in Python has its
/// `if __name__ == "__main__"`.
pub fn child_main<C: Child>() -> Option<ExitCode> {
    let result = match std::env::args().nth(1)?.as_str() {
        spawn::WORKER => spawn::worker_main::<C>(),
        spawn::FORK_SERVER => forkserver::server_main::<C>(),
        _ => return None,
    };
    Some(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: this part of the program is started by the program itself: {error}");
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
