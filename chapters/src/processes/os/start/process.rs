//! A handle for a process that was started here: to signal it, to wait for it, and to learn how it ended.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{PidfdFlags, WaitId, WaitIdOptions, WaitIdStatus, pidfd_open, pidfd_send_signal, waitid};

use crate::sync::{deadline_after, lock};

/// A process that a [`Starter`](super::Starter) started: Python's `multiprocessing.Process` after its `start()`.
///
/// The handle is a *pidfd*, a file descriptor that refers to one process. A PID is only a number, which the kernel gives
/// to another process once this one has been reaped. A signal that is sent through the pidfd never reaches that other
/// process, and the pidfd becomes readable when this process ends. To wait for several processes at once, poll the
/// descriptors that [`as_fd`](AsFd::as_fd) returns, as you would wait for several `Process.sentinel`s in Python.
///
/// A process whose handle is dropped keeps running, and stays a zombie after its end until the program exits (the fork
/// server reaps its own children). Python waits for such a process when it exits. Rust's [`std::process::Child`], like
/// this type, doesn't.
///
/// | Python | here |
/// | --- | --- |
/// | `pid` | [`pid`](Process::pid) |
/// | `kill()`, `terminate()` | [`kill`](Process::kill), [`terminate`](Process::terminate) |
/// | `join()`, then `exitcode` | [`wait`](Process::wait) |
/// | `join(timeout)` | [`wait_timeout`](Process::wait_timeout) |
/// | `is_alive()` | [`try_wait`](Process::try_wait), which returns `None` for a process that is running |
/// | `exitcode == -9` | `status.signal() == Some(9)`, or 137 by [`exit_code`] |
#[derive(Debug)]
pub struct Process {
    pid: Pid,
    pidfd: OwnedFd,
    parent: Parent,
    /// How the process ended, once that is known.
    status: Mutex<Option<ExitStatus>>,
}

/// The process that the kernel considers the parent, which is the one that can reap the process.
#[derive(Debug)]
enum Parent {
    ThisProcess,
    /// A fork server, which keeps the status under this number until it is asked for it.
    Server(Arc<dyn Reaper>, u64),
}

/// A process that reaps the children that it starts for another process, and keeps their statuses.
pub(super) trait Reaper: fmt::Debug + Send + Sync {
    /// Returns the status of the child that request `number` started, as `wait` encodes it. The child has ended.
    fn status(&self, number: u64) -> io::Result<i32>;

    /// Tells the reaper that the status won't be requested.
    fn forget(&self, number: u64);
}

impl Process {
    /// Creates the handle of a child of this process that hasn't been reaped, so that its PID can't be another's.
    /// `reserve` is a descriptor that is closed first, so that there is one left for the pidfd.
    pub(super) fn child(pid: Pid, reserve: OwnedFd) -> io::Result<Self> {
        drop(reserve);
        let number = rustix::process::Pid::from_raw(pid.as_raw()).ok_or(Errno::SRCH)?;
        match pidfd_open(number, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Self { pid, pidfd, parent: Parent::ThisProcess, status: Mutex::new(None) }),
            Err(error) => {
                // Another thread has taken the descriptor. The PID is the child's until it is reaped here.
                let _ = kill(pid, Signal::SIGKILL);
                while waitpid(pid, None) == Err(nix::errno::Errno::EINTR) {}
                Err(error.into())
            }
        }
    }

    /// Creates the handle of a child of the fork server, which sent the pidfd.
    pub(super) fn served(pid: Pid, pidfd: OwnedFd, server: Arc<dyn Reaper>, number: u64) -> Self {
        Self { pid, pidfd, parent: Parent::Server(server, number), status: Mutex::new(None) }
    }

    /// Returns the process's PID, for messages and for `/proc`. It may be another process's once this one has been
    /// reaped, so don't send signals to it: use [`signal`](Process::signal).
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Ends the process immediately (`SIGKILL`), whatever it is doing. Does nothing if it has ended.
    ///
    /// The process can't clean up. Other processes release the locks that it holds in shared memory.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Asks the process to end (`SIGTERM`). Does nothing if it has ended.
    ///
    /// A process that handles, ignores or blocks the signal may not end. The usual sequence is `terminate`,
    /// [`wait_timeout`](Process::wait_timeout), [`kill`](Process::kill).
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Sends a signal to the process. Does nothing if it has ended.
    pub fn signal(&self, signal: Signal) {
        let signal = rustix::process::Signal::from_named_raw(signal as i32).expect("nix has named signals only");
        // The only possible error is that the process has ended: this process may signal its own program.
        let _ = pidfd_send_signal(&self.pidfd, signal);
    }

    /// Blocks until the process has ended, reaps it, and returns how it ended. Later calls return the same status.
    ///
    /// Blocks forever if the process doesn't end. To read its exit code as a shell shows it, use [`exit_code`].
    ///
    /// # Errors
    ///
    /// If the status can't be known: another part of the program reaped the process or ignores `SIGCHLD`, or the fork
    /// server is gone.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        self.wait_until(None).map(|status| status.expect("there is no deadline that could pass"))
    }

    /// Like [`wait`](Process::wait), but returns `None` if the process is still running after `timeout`.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Process::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        self.wait_until(deadline_after(timeout))
    }

    /// Returns how the process ended, or `None` if it is still running. Never blocks.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Process::wait).
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        self.wait_timeout(Duration::ZERO)
    }

    fn wait_until(&self, deadline: Option<Instant>) -> io::Result<Option<ExitStatus>> {
        if self.ends_before(deadline)? { self.reap().map(Some) } else { Ok(None) }
    }

    /// Blocks until the process has ended (true) or the deadline has passed (false).
    fn ends_before(&self, deadline: Option<Instant>) -> io::Result<bool> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            // Rounded up, so that the last call doesn't come before the deadline.
            let timeout = left.map(|left| left.as_nanos().div_ceil(1_000_000));
            let timeout =
                timeout.map_or(PollTimeout::NONE, |left| PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
            let mut end = [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
            match poll(&mut end, timeout) {
                Ok(1..) => return Ok(true),
                Ok(_) if left.is_some_and(|left| left.is_zero()) => return Ok(false),
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Returns the status of the process, which has ended.
    fn reap(&self) -> io::Result<ExitStatus> {
        let mut status = lock(&self.status);
        if let Some(status) = *status {
            return Ok(status);
        }
        let ended = match &self.parent {
            Parent::ThisProcess => {
                let wait = || waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
                let ended = retry_on_intr(wait).map_err(|error| match error {
                    Errno::CHILD => io::Error::other("another part of the program has taken the exit status"),
                    error => error.into(),
                })?;
                to_exit_status(&ended.ok_or(Errno::CHILD)?)
            }
            Parent::Server(server, number) => ExitStatus::from_raw(server.status(*number)?),
        };
        *status = Some(ended);
        Ok(ended)
    }
}

impl AsFd for Process {
    /// The pidfd, which becomes readable when the process ends.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let (Parent::Server(server, number), None) = (&self.parent, *lock(&self.status)) {
            server.forget(*number);
        }
    }
}

/// Returns the exit code of a process as a shell shows it: the code that it exited with, or 128 and the number of the
/// signal that ended it. Python's `exitcode` is the negative number of the signal instead.
///
/// ```
/// use std::os::unix::process::ExitStatusExt;
/// use std::process::ExitStatus;
///
/// use chapters::processes::start::exit_code;
///
/// assert_eq!(exit_code(ExitStatus::from_raw(3 << 8)), 3);
/// assert_eq!(exit_code(ExitStatus::from_raw(9)), 137); // killed by SIGKILL
/// ```
pub fn exit_code(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

/// Encodes a status as `wait` does, including those of real-time signals, which nix doesn't have names for.
fn to_exit_status(status: &WaitIdStatus) -> ExitStatus {
    const CORE_DUMPED: i32 = 0x80;
    let exited = status.exit_status().map(|code| code << 8);
    let signaled = status.terminating_signal().map(|signal| signal | if status.dumped() { CORE_DUMPED } else { 0 });
    ExitStatus::from_raw(exited.or(signaled).unwrap_or_default())
}
