//! `spawn`: the program is started again, and receives through a socket what it should do.
//!
//! This is the slowest method and the cleanest one: the child has only its standard streams and the data that it was
//! sent. It costs loading the program, and for a Python program its imports as well. Only data that can be sent gets
//! across: values that can be serialized, and open files by their descriptors.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitCode};

use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::child::Child;
use super::process::Process;
use super::setup::{self, HeldSignals, before_start, report_failed_start};
use crate::processes::os::connection::{self, Connection};

/// The first argument of a process that runs a [`Child`].
pub const WORKER: &str = "__worker";
/// The first argument of a fork server.
pub const FORK_SERVER: &str = "__fork-server";

/// Starts this program again with `role` as its argument, and sends it `message` and `descriptors` over its standard input.
/// Returns the process and this end of the connection.
///
/// # Errors
///
/// If the message can't be sent, or the system refuses another process or descriptor. Then no process is left behind.
pub fn start(role: &str, message: &impl Serialize, descriptors: &[BorrowedFd]) -> io::Result<(Process, Connection)> {
    let message = connection::encode(&(process::id(), message), descriptors)?;
    let (here, there) = Connection::pair()?;
    let name = std::env::args_os().next().unwrap_or_else(|| OsString::from("chapter-processes"));
    let (reserve, held) = (before_start()?, HeldSignals::hold()?);
    // The program that is running, even if a newer one has been built in its place.
    let mut command = Command::new("/proc/self/exe");
    let child = command.arg0(name).arg(role).stdin(OwnedFd::from(there)).spawn()?;
    drop((held, command));
    let process = Process::child(Pid::from_raw(child.id() as i32), reserve)?;
    match here.send_encoded(&message, descriptors) {
        // It was killed before it could receive anything, which its status will show.
        Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {}
        Err(error) => {
            process.kill();
            process.wait()?;
            return Err(error);
        }
        Ok(()) => {}
    }
    Ok((process, here))
}

/// Sets this process up as [`start`] promises, and returns the data that was sent to it. From then on, this process
/// ends when its parent does.
///
/// # Errors
///
/// If standard input isn't such a connection, or the parent is gone (with [`ErrorKind::UnexpectedEof`]).
pub(super) fn prepare<T: DeserializeOwned>() -> io::Result<(T, Vec<OwnedFd>, Connection)> {
    // SAFETY: The program has just started, and `child_main` requires that it hasn't opened anything.
    unsafe { setup::close_all_but(&mut []) }?;
    let connection = Connection::from(io::stdin().as_fd().try_clone_to_owned()?);
    setup::empty_stdin()?;
    setup::keep_exit_statuses()?;
    let message = connection.receive()?;
    let ((parent, message), descriptors): ((u32, T), _) = message.ok_or(ErrorKind::UnexpectedEof)?;
    setup::end_with(Pid::from_raw(parent as i32))?;
    setup::leave_terminal_to_first_process()?;
    Ok((message, descriptors, connection))
}

/// The main function of a process that was started as a `C`.
///
/// # Errors
///
/// If it wasn't started by [`start`].
pub(super) fn worker_main<C: Child>() -> io::Result<ExitCode> {
    let (preparation, descriptors, connection) = prepare()?;
    drop(connection);
    Ok(match C::unpack(preparation, descriptors) {
        Ok(child) => {
            child.run();
            ExitCode::SUCCESS
        }
        Err(error) => ExitCode::from(report_failed_start(&error) as u8),
    })
}
