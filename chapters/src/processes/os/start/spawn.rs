//! `spawn`: the program is started afresh, and told through a socket what it is to do.
//!
//! The slowest way, and the cleanest: the child has what it is sent and nothing else. It costs loading the program, and
//! for a Python program also its imports. Only what can be sent gets across: values that can be serialized, and open
//! files by their descriptors.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, Command, Stdio};

use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Child, end_with};
use crate::processes::os::connection::Connection;

/// The argument by which a process knows that it is a child that was spawned.
pub const WORKER: &str = "__worker";
/// The argument by which a process knows that it is the fork server.
pub const FORK_SERVER: &str = "__fork-server";

/// Starts this program again as `role`, and sends it `message` and `descriptors` over its standard input. Returns the
/// child and this end of the connection.
///
/// # Errors
///
/// When the system refuses another process.
pub fn start(
    role: &str,
    message: &impl Serialize,
    descriptors: &[BorrowedFd],
) -> io::Result<(process::Child, Connection)> {
    let (here, there) = Connection::pair()?;
    let name = std::env::args_os().next().unwrap_or_else(|| OsString::from("chapter-processes"));
    // The program that runs, even if a newer one has been built in its place since.
    let mut command = Command::new("/proc/self/exe");
    let child = command.arg0(name).arg(role).stdin(OwnedFd::from(there)).stdout(Stdio::null()).spawn()?;
    match here.send(&(process::id(), message), descriptors) {
        // It has been killed before it could listen. Who watches it finds out.
        Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {}
        sent => sent?,
    }
    Ok((child, here))
}

/// What [`start`] sent to this process. From then on, this process ends when the one that started it does.
///
/// # Errors
///
/// When standard input is no such connection, or the parent is gone.
pub fn prepare<T: DeserializeOwned>() -> io::Result<(T, Vec<OwnedFd>, Connection)> {
    let connection = Connection::from(io::stdin().as_fd().try_clone_to_owned()?);
    let message = connection.receive()?;
    let ((parent, message), descriptors): ((u32, T), _) = message.ok_or(io::ErrorKind::UnexpectedEof)?;
    end_with(Pid::from_raw(parent as i32))?;
    Ok((message, descriptors, connection))
}

/// What a process does that was started as a `C`.
///
/// # Errors
///
/// When it was not started by [`start`].
pub fn worker_main<C: Child>() -> io::Result<()> {
    let (preparation, descriptors, _) = prepare()?;
    C::unpack(preparation, descriptors)?.run();
    Ok(())
}
