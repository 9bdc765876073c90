//! The steps that all start methods have in common: reserving a descriptor and holding signals back before the start,
//! and closing inherited descriptors in the new process.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction};
use nix::unistd::{Pid, dup2_stdin, getppid};

/// Signals that a terminal sends to every process of its foreground group. The first process decides what they mean.
const FROM_TERMINAL: [Signal; 2] = [Signal::SIGINT, Signal::SIGHUP];

/// How many descriptors this process needs for a moment while it starts another one.
const TO_START: usize = 8;

/// Prepares this process for a child. Returns a descriptor that is held in reserve: closing it later makes sure that the
/// parent can open the child's pidfd, and a forked child its first file.
pub(super) fn before_start() -> io::Result<OwnedFd> {
    let reserve = File::open("/dev/null")?;
    keep_exit_statuses()?;
    // Or a forked child would have a copy of the buffer, and print it as well.
    let _ = io::stdout().flush();
    Ok(reserve.into())
}

/// Makes sure that a child which has ended stays a zombie until it is reaped.
///
/// A program inherits an ignored `SIGCHLD` from the shell that started it (`trap '' CHLD`). The kernel then reaps children
/// by itself, so their statuses are lost and their PIDs are reused at once.
pub(super) fn keep_exit_statuses() -> io::Result<()> {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: Without a new action, the kernel only writes the current one into `now`.
    Errno::result(unsafe { libc::sigaction(libc::SIGCHLD, ptr::null(), now.as_mut_ptr()) })?;
    // SAFETY: The call has succeeded, so it has written the action.
    let now = unsafe { now.assume_init() };
    if now.sa_sigaction == libc::SIG_IGN || now.sa_flags & libc::SA_NOCLDWAIT != 0 {
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        // SAFETY: The default action runs no code of this program.
        unsafe { sigaction(Signal::SIGCHLD, &default) }?;
    }
    Ok(())
}

/// Holds the terminal's signals back in this thread, and in a process that it starts, until the value is dropped.
#[derive(Debug)]
pub(super) struct HeldSignals {
    mask: SigSet,
}

impl HeldSignals {
    pub(super) fn hold() -> io::Result<Self> {
        let mask = SigSet::from_iter(FROM_TERMINAL).thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { mask })
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        let _ = self.mask.thread_set_mask();
    }
}

/// Makes this process survive the signals that a terminal sends to all processes: they are left to the first process.
///
/// The signals are caught by a handler that does nothing. If they were blocked or ignored, a program that this process
/// executes would inherit that, and Ctrl-C couldn't end it. A handler isn't inherited.
pub(super) fn leave_terminal_to_first_process() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::empty());
    for signal in FROM_TERMINAL {
        // SAFETY: The handler does nothing, so it can run at any moment.
        unsafe { sigaction(signal, &action) }?;
    }
    Ok(SigSet::from_iter(FROM_TERMINAL).thread_unblock()?)
}

/// Makes the kernel kill this process when `parent` dies.
///
/// # Errors
///
/// If the parent has died already, with [`ErrorKind::UnexpectedEof`].
pub(super) fn end_with(parent: Pid) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // It may have died before the call.
    if getppid() == parent { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// Makes standard input empty, as Python does in each of its processes: several readers would take each other's input.
pub(super) fn empty_stdin() -> io::Result<()> {
    Ok(dup2_stdin(File::open("/dev/null")?)?)
}

/// Closes all file descriptors of this process but the standard streams and `kept`.
///
/// # Safety
///
/// Nothing in this process may use or close the other descriptors afterwards.
pub(super) unsafe fn close_all_but(kept: &mut [RawFd]) -> io::Result<()> {
    kept.sort_unstable();
    let mut first = 3;
    for &kept in kept.iter() {
        if first < kept {
            // SAFETY: The caller's promise.
            unsafe { close_range(first as u32, kept as u32 - 1) }?;
        }
        first = first.max(kept + 1);
    }
    // SAFETY: The caller's promise.
    unsafe { close_range(first as u32, u32::MAX) }
}

/// Closes the descriptors from `first` to `last`.
///
/// # Safety
///
/// As for [`close_all_but`].
unsafe fn close_range(first: u32, last: u32) -> io::Result<()> {
    // SAFETY: The system call takes three numbers, and the caller promises that the descriptors aren't used again.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    Errno::result(result).map(drop).map_err(io::Error::from)
}

/// Checks that this process can open a pidfd for each of `count` children. Returns the index of the first child that it
/// has no descriptor for, as an error with a sentence.
pub(crate) fn check_descriptors(count: usize) -> Result<(), (usize, io::Error)> {
    let Ok((limit, _)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Ok(()) };
    // Without /proc, the start itself finds out. One entry is the directory that is being read.
    let Ok(open) = fs::read_dir("/proc/self/fd").map(|open| open.count() - 1) else { return Ok(()) };
    let free = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(open + TO_START);
    if count <= free {
        return Ok(());
    }
    let message = format!(
        "Too many open files: this process may have {limit} (ulimit -n), has {open}, and needs one for each worker and \
         {TO_START} to start them"
    );
    Err((free, io::Error::other(message)))
}

/// The numbers of the descriptors that a child keeps.
pub(super) fn numbers(files: &[impl AsRawFd]) -> Vec<RawFd> {
    files.iter().map(AsRawFd::as_raw_fd).collect()
}

/// Prints why a worker process can't start, and returns its exit code. Prints nothing if the parent is gone.
pub(super) fn report_failed_start(error: &io::Error) -> i32 {
    if error.kind() != ErrorKind::UnexpectedEof {
        let _ = writeln!(io::stderr(), "error: cannot start a worker process: {error}");
    }
    1
}
