//! A process that was started here: to wait for, or to kill.

use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{self, ExitStatus};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// A process that a [`Starter`](super::Starter) started: Python's `multiprocessing.Process` after its `start()`.
///
/// One that is dropped runs on. Python's is waited for at the exit of the program; here who starts one decides.
#[derive(Debug)]
pub enum Process {
    /// A child of this process, made by `fork`.
    Forked(Pid),
    /// A child of this process, started afresh.
    Spawned(process::Child),
    /// A child of the fork server, which learns how it ends.
    Served(Pid),
}

impl Process {
    /// Its number: Python's `Process.pid`. The system gives it to another process some time after this one was waited
    /// for, or ended if it is the fork server's child.
    pub fn pid(&self) -> Pid {
        match self {
            Self::Forked(pid) | Self::Served(pid) => *pid,
            Self::Spawned(child) => Pid::from_raw(child.id() as i32),
        }
    }

    /// Ends it at once, whatever it is doing (`SIGKILL`): Python's `Process.kill`. Does nothing to one that has ended.
    pub fn kill(&self) {
        // The only error there can be is that it is not there any more.
        let _ = kill(self.pid(), Signal::SIGKILL);
    }

    /// Blocks until the process has ended, so that the system can forget it, and says how it ended if that can be known:
    /// Python's `Process.join`, and then `exitcode`. How a child of the fork server ended, only the server is told.
    pub fn wait(self) -> Option<ExitStatus> {
        match self {
            Self::Forked(pid) => match waitpid(pid, None).ok()? {
                WaitStatus::Exited(_, code) => Some(ExitStatus::from_raw(code << 8)),
                WaitStatus::Signaled(_, signal, _) => Some(ExitStatus::from_raw(signal as i32)),
                _ => None,
            },
            Self::Spawned(mut child) => child.wait().ok(),
            Self::Served(pid) => {
                // It may have ended, and then there is nothing to wait for.
                let handle = handle(pid).ok()?;
                let mut end = [PollFd::new(handle.as_fd(), PollFlags::POLLIN)];
                while poll(&mut end, PollTimeout::NONE) == Err(Errno::EINTR) {}
                None
            }
        }
    }
}

/// A file that becomes readable when the process ends: pidfd_open(2).
fn handle(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two numbers and touches no memory of ours.
    let handle = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let handle = Errno::result(handle)? as i32;
    // SAFETY: the kernel has just made it for us, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(handle) })
}
