//! `forkserver`: a process that was started afresh copies itself on request.
//!
//! It joins what is good in the other two. The copy is quick, since the server is small, and clean, since the server has
//! one thread, has opened nothing, and does nothing but fork. The new process is the server's child, not ours:
//! the server waits for it, and is told how it ended.

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};
use std::process;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::{Child, fork, spawn};
use crate::processes::os::connection::Connection;

/// A server that forks on request, as its client sees it.
#[derive(Debug)]
pub struct ForkServer<C> {
    connection: Option<Connection>,
    process: process::Child,
    child: PhantomData<fn(C)>,
}

impl<C: Child> ForkServer<C> {
    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When the system refuses another process.
    pub fn start() -> io::Result<Self> {
        let (process, connection) = spawn::start(spawn::FORK_SERVER, &(), &[])?;
        Ok(Self { connection: Some(connection), process, child: PhantomData })
    }

    /// Has the server start a child, and blocks until it has.
    ///
    /// # Errors
    ///
    /// When the server is gone, or the system refuses it another process.
    // ANCHOR: fork
    pub fn fork(&self, preparation: &C::Preparation, descriptors: &[BorrowedFd]) -> io::Result<Pid> {
        let connection = self.connection.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        connection.send(preparation, descriptors)?;
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the fork server is gone");
        let (answer, _): (Result<i32, i32>, _) = connection.receive()?.ok_or_else(gone)?;
        answer.map(Pid::from_raw).map_err(io::Error::from_raw_os_error)
    }
    // ANCHOR_END: fork
}

impl<C> Drop for ForkServer<C> {
    /// Closes the connection, which tells the server to end once its last child has, and waits for that.
    fn drop(&mut self) {
        self.connection = None;
        let _ = self.process.wait();
    }
}

/// What the process started as a fork server does: forks on request until its client is gone, and waits for each of its
/// children as soon as it has ended.
///
/// # Errors
///
/// When it was not started by [`ForkServer::start`].
pub fn server_main<C: Child>() -> io::Result<()> {
    let ((), _, connection) = spawn::prepare()?;
    let ended = SigSet::from(Signal::SIGCHLD);
    ended.thread_block()?;
    let children = SignalFd::new(&ended)?;
    loop {
        let mut ends = [connection.as_fd(), children.as_fd()].map(|end| PollFd::new(end, PollFlags::POLLIN));
        match poll(&mut ends, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [request, child_ended] = ends.map(|end| end.any().unwrap_or(true));
        if child_ended {
            children.read_signal()?;
            while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
        }
        if request {
            let Some((preparation, descriptors)) = connection.receive::<C::Preparation>()? else { break };
            let child = fork::start(|| {
                let _ = ended.thread_unblock();
                if let Ok(child) = C::unpack(preparation, descriptors) {
                    child.run();
                }
            });
            let answer = child.map(Pid::as_raw).map_err(|error| error.raw_os_error().unwrap_or(Errno::EAGAIN as i32));
            connection.send(&answer, &[])?;
        }
    }
    while waitpid(None, None).is_ok() {}
    Ok(())
}
