//! The work of a started process, and how it reaches the process.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The work of a process that this program starts: the counterpart of `target` and `args` of Python's
/// `multiprocessing.Process`.
///
/// In Python, the arguments are pickled unless the method is `fork`, and the start fails if one can't be. Here the type
/// defines how it is turned into bytes and open files, and how it is restored from them. A program whose children do
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
///         write!(self.pipe, "Hello from {}.", self.name).expect("the parent reads the pipe");
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
    /// The value that the child receives as bytes: together with the place of the message in it, at most 1,024 of them.
    type Preparation: Serialize + DeserializeOwned;

    /// Returns what a process must be sent to become this child: a value that can be turned into bytes, and open files, at
    /// most 8. By `fork` nothing is sent, but only these files stay open in the child.
    ///
    /// # Errors
    ///
    /// If it can't be turned into these; [`Starter::start`](super::Starter::start) passes the error on.
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
