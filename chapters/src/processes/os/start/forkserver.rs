//! `forkserver`: a process that was started again copies itself on request.
//!
//! This combines the advantages of the other two. The copy is fast, because the server is small, and clean, because the
//! server has one thread and does nothing but fork. The new process is the server's child, not ours. So the server sends a
//! pidfd for each child, through which the client signals it and notices its end, and it reaps the child and keeps its exit
//! status until the client asks for it.
//!
//! # Protocol
//!
//! The client numbers its requests, and the server sends the number back with each answer. So an answer to a request
//! that the client has given up on is never taken for the answer to the next one. A request that the server can't read
//! is refused, and the server continues.
//!
//! | request | answer |
//! | --- | --- |
//! | `Start(preparation)` and descriptors | PID and pidfd, or an error number |
//! | `Status(number of the start)` | status as `wait` encodes it, or an error number |
//! | `Forget(number of the start)` | none |
//! | `Cancel(number of the start)` | none |

use std::collections::HashMap;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::child::Child;
use super::process::{Process, Reaper};
use super::{fork, setup, spawn};
use crate::processes::os::connection::Connection;
use crate::sync::lock;

/// A client's request.
#[derive(Debug, Serialize, Deserialize)]
enum Request<P> {
    /// Start a child.
    Start(P),
    /// Send the status of the child that this request started. It has ended.
    Status(u64),
    /// Don't keep that status.
    Forget(u64),
    /// Kill the child that this request started: the client couldn't receive the answer.
    Cancel(u64),
}

/// The number of a request, and a PID, a status or an error number.
type Answer = (u64, Result<i32, i32>);

/// A server that forks on request, as its client sees it.
///
/// The server ends once the client has dropped this and the handles of all processes that it started, and the last of
/// these processes has ended. The drop that comes last blocks until then.
#[derive(Debug)]
pub struct ForkServer<C> {
    server: Arc<Server>,
    child: PhantomData<fn(C)>,
}

/// The part of it that the handles of its children share.
#[derive(Debug)]
struct Server {
    requests: Mutex<Requests>,
    process: Process,
}

#[derive(Debug)]
struct Requests {
    /// Closed after an error, because it isn't known then what the server has received.
    connection: Option<Connection>,
    /// The number of requests that were sent.
    sent: u64,
}

impl<C: Child> ForkServer<C> {
    /// Starts the server.
    ///
    /// # Errors
    ///
    /// If the system refuses another process or descriptor.
    pub fn start() -> io::Result<Self> {
        let (process, connection) = spawn::start(spawn::FORK_SERVER, &(), &[])?;
        let requests = Mutex::new(Requests { connection: Some(connection), sent: 0 });
        Ok(Self { server: Arc::new(Server { requests, process }), child: PhantomData })
    }

    /// Has the server start a child, and blocks until it has.
    ///
    /// # Errors
    ///
    /// If the server is gone, or the system refuses it another process or descriptor.
    pub fn fork(&self, preparation: &C::Preparation, descriptors: &[BorrowedFd]) -> io::Result<Process> {
        let (mut requests, reserve) = (lock(&self.server.requests), setup::before_start()?);
        let (pid, mut sent) = requests.exchange(&Request::Start(preparation), descriptors, reserve)?;
        let pidfd = sent.pop().ok_or(io::ErrorKind::InvalidData)?;
        let server: Arc<Server> = Arc::clone(&self.server);
        Ok(Process::served(Pid::from_raw(pid), pidfd, server, requests.sent))
    }
}

impl Reaper for Server {
    fn status(&self, number: u64) -> io::Result<i32> {
        let (status, _) = lock(&self.requests).exchange(&Request::<()>::Status(number), &[], ())?;
        Ok(status)
    }

    fn forget(&self, number: u64) {
        let _ = lock(&self.requests).send(&Request::<()>::Forget(number), &[]);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        lock(&self.requests).connection = None;
        let _ = self.process.wait();
    }
}

impl Requests {
    /// Sends a request.
    fn send(&mut self, request: &impl Serialize, descriptors: &[BorrowedFd]) -> io::Result<()> {
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the fork server is gone");
        let connection = self.connection.as_ref().ok_or_else(gone)?;
        connection.send(&(self.sent + 1, request), descriptors)?;
        self.sent += 1;
        Ok(())
    }

    /// Sends a request, and blocks until the answer to it arrives. Drops `reserve`, a descriptor that is held in reserve,
    /// before it receives another one.
    fn exchange<R>(
        &mut self,
        request: &impl Serialize,
        descriptors: &[BorrowedFd],
        reserve: R,
    ) -> io::Result<(i32, Vec<OwnedFd>)> {
        self.send(request, descriptors)?;
        drop(reserve);
        match self.receive() {
            Ok((answer, sent)) => Ok((answer.map_err(io::Error::from_raw_os_error)?, sent)),
            Err(error) => {
                let _ = self.send(&Request::<()>::Cancel(self.sent), &[]);
                self.connection = None;
                Err(error)
            }
        }
    }

    /// Receives the answer to the last request. Drops those to earlier ones.
    fn receive(&self) -> io::Result<(Result<i32, i32>, Vec<OwnedFd>)> {
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the fork server is gone");
        let connection = self.connection.as_ref().ok_or_else(gone)?;
        loop {
            let ((number, answer), sent): (Answer, _) = connection.receive()?.ok_or_else(gone)?;
            if number == self.sent {
                return Ok((answer, sent));
            }
        }
    }
}

/// The main loop of a fork server: starts children until its client is gone, and reaps each of them when it has ended.
///
/// # Errors
///
/// If it wasn't started by [`ForkServer::start`].
pub(super) fn server_main<C: Child>() -> io::Result<ExitCode> {
    let ((), _, connection) = spawn::prepare()?;
    let ended = SigSet::from(Signal::SIGCHLD);
    ended.thread_block()?;
    let signals = SignalFd::with_flags(&ended, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let mut children = Children::default();
    for number in 1.. {
        children.reap_until_readable(&connection, &signals)?;
        let answer = match connection.receive::<(u64, Request<C::Preparation>)>() {
            Ok(None) => break,
            Ok(Some(((sent, request), descriptors))) if sent == number => {
                children.answer::<C>(number, request, descriptors)
            }
            Ok(Some(_)) => Some(Err(Errno::EBADMSG.into())),
            Err(error) => Some(Err(error)),
        };
        let (answer, process) = match answer {
            None => continue,
            Some(Ok((answer, process))) => (Ok(answer), process),
            Some(Err(error)) => (Err(error.raw_os_error().unwrap_or(Errno::EBADMSG as i32)), None),
        };
        let pidfd: Vec<BorrowedFd> = process.iter().map(AsFd::as_fd).collect();
        if connection.send(&(number, answer), &pidfd).is_err() {
            break;
        }
    }
    drop(connection);
    while reap(0).is_some() {}
    Ok(ExitCode::SUCCESS)
}

/// Starts a child of the server.
fn start<C: Child>(preparation: C::Preparation, descriptors: Vec<OwnedFd>) -> io::Result<Process> {
    let mut kept = setup::numbers(&descriptors);
    fork::try_start(move || {
        // SAFETY: The only descriptors of the server that the copy uses are those that were sent for it.
        unsafe { setup::close_all_but(&mut kept) }?;
        SigSet::from(Signal::SIGCHLD).thread_unblock()?;
        C::unpack(preparation, descriptors)?.run();
        Ok(())
    })
}

/// The children of a fork server.
#[derive(Debug, Default)]
struct Children {
    /// By PID, which is unique as long as the child isn't reaped: the number of the request that started it.
    running: HashMap<libc::pid_t, u64>,
    /// By that number: how the child ended, until the client asks.
    ended: HashMap<u64, i32>,
}

impl Children {
    /// Reaps children as they end, until the client has sent something.
    fn reap_until_readable(&mut self, connection: &Connection, signals: &SignalFd) -> io::Result<()> {
        loop {
            let mut ends = [connection.as_fd(), signals.as_fd()].map(|end| PollFd::new(end, PollFlags::POLLIN));
            match poll(&mut ends, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            let [request, child_ended] = ends.map(|end| end.any().unwrap_or(true));
            if child_ended {
                signals.read_signal()?;
                self.reap_ended();
            }
            if request {
                return Ok(());
            }
        }
    }

    /// Carries out request `number`. Returns the answer if there is one: a number, and a process whose pidfd is sent.
    fn answer<C: Child>(
        &mut self,
        number: u64,
        request: Request<C::Preparation>,
        descriptors: Vec<OwnedFd>,
    ) -> Option<io::Result<(i32, Option<Process>)>> {
        match request {
            Request::Start(preparation) => Some(start::<C>(preparation, descriptors).map(|process| {
                let pid = process.pid().as_raw();
                self.running.insert(pid, number);
                (pid, Some(process))
            })),
            Request::Status(number) => Some(self.status(number).map(|status| (status, None))),
            Request::Forget(number) => {
                self.forget(number);
                None
            }
            Request::Cancel(number) => {
                self.kill(number);
                None
            }
        }
    }

    fn reap_ended(&mut self) {
        while let Some((pid, status)) = reap(libc::WNOHANG) {
            if let Some(number) = self.running.remove(&pid) {
                self.ended.insert(number, status);
            }
        }
    }

    fn status(&mut self, number: u64) -> io::Result<i32> {
        // The client may have noticed the end before the signal for it was read.
        self.reap_ended();
        self.ended.remove(&number).ok_or_else(|| Errno::ECHILD.into())
    }

    fn kill(&self, number: u64) {
        for (&pid, _) in self.running.iter().filter(|(_, other)| **other == number) {
            // Not reaped, so the PID can't be another process's.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }

    fn forget(&mut self, number: u64) {
        if self.ended.remove(&number).is_none() {
            self.running.retain(|_, other| *other != number);
        }
    }
}

/// Reaps a child of this process that has ended, and returns its PID and status. With `flags` 0, waits for one. Returns
/// `None` if there is no such child.
fn reap(flags: libc::c_int) -> Option<(libc::pid_t, i32)> {
    loop {
        let mut status = 0;
        // SAFETY: The kernel writes the status into a variable that outlives the call.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, flags) };
        match Errno::result(pid) {
            Ok(0) => return None,
            Ok(pid) => return Some((pid, status)),
            Err(Errno::EINTR) => {}
            Err(_) => return None, // ECHILD: no child is left
        }
    }
}
