//! `fork`: the child is a copy of its parent, and begins in the middle of the parent's work.
//!
//! This is the fastest start method, and the one with the most traps. The copy has all of the parent's memory but only one
//! of its threads. A lock that another thread held at that moment stays locked in the child forever, so a process that has
//! several threads must not fork. The copy also has every open file, including those that it shouldn't have, such as the
//! end of a pipe that is meant to close when another process ends. A [`Starter`](super::Starter) closes them.

use std::fs;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::libc;
use nix::unistd::{ForkResult, fork, getpid, gettid};

use super::process::Process;
use super::setup::{before_start, end_with, report_failed_start};
use crate::processes::os::holder;
use crate::usage::this_is_a_copy;

/// The exit code of a child that panicked, as of a program whose `main` panicked.
const PANICKED: i32 = 101;

/// Checks that a copy of this process would be complete.
///
/// A thread that is past its last instruction, because it has been joined, doesn't count.
///
/// # Errors
///
/// If the process has more than one thread, or `/proc` can't be read. CPython 3.12 and later only warn about several
/// threads.
pub fn check_single_threaded() -> io::Result<()> {
    let cannot = |error| io::Error::other(format!("cannot fork: cannot count the threads: {error}"));
    let mut others = 0;
    for task in fs::read_dir("/proc/self/task").map_err(cannot)? {
        let name = task.map_err(cannot)?.file_name();
        let thread = name.to_str().and_then(|name| name.parse().ok()).unwrap_or_default();
        if thread != gettid().as_raw() && !holder::is_exiting(thread) {
            others += 1;
        }
    }
    match others {
        0 => Ok(()),
        others => Err(io::Error::other(format!(
            "cannot fork a process with {} threads: the child would have only one",
            others + 1
        ))),
    }
}

/// Starts a copy of this process that runs `child` and then exits: with code 0, or 101 if `child` panics.
///
/// The child has a copy of all memory, and of every file descriptor. Its standard streams are those of its parent.
///
/// # Errors
///
/// If this process has [several threads](check_single_threaded), or the system refuses another process or descriptor.
pub fn start(child: impl FnOnce()) -> io::Result<Process> {
    check_single_threaded()?;
    // SAFETY: This process has one thread, which is the calling one, so the copy is complete.
    unsafe { start_unchecked(child) }
}

/// Like [`start`], but doesn't count the threads.
///
/// # Safety
///
/// If this process has other threads, `child` may do only what is *async-signal-safe* (see signal-safety(7)): a lock
/// that another thread holds is locked in the copy forever, and the value that it guards may be half changed.
///
/// # Errors
///
/// If the system refuses another process or descriptor.
pub unsafe fn start_unchecked(child: impl FnOnce()) -> io::Result<Process> {
    let child = || {
        child();
        Ok(())
    };
    // SAFETY: The caller's promise.
    unsafe { copy(child) }
}

/// Like [`start`], for a child that may fail: it prints the error, and exits with code 1.
pub(super) fn try_start(child: impl FnOnce() -> io::Result<()>) -> io::Result<Process> {
    check_single_threaded()?;
    // SAFETY: This process has one thread, which is the calling one, so the copy is complete.
    unsafe { copy(child) }
}

/// Starts a copy of this process that runs `child` and exits.
///
/// # Safety
///
/// As for [`start_unchecked`].
unsafe fn copy(child: impl FnOnce() -> io::Result<()>) -> io::Result<Process> {
    let (parent, reserve) = (getpid(), before_start()?);
    // SAFETY: Either there is one thread, or the caller promises that `child` doesn't need the others.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Process::child(child, reserve),
        ForkResult::Child => {
            drop(reserve);
            this_is_a_copy();
            let run = || end_with(parent).and_then(|()| child());
            let code = match catch_unwind(AssertUnwindSafe(run)) {
                Ok(Ok(())) => 0,
                Ok(Err(error)) => report_failed_start(&error),
                Err(_) => PANICKED,
            };
            exit(code)
        }
    }
}

/// Exits this process, which is a copy of another, with this code.
///
/// [`std::process::exit`] would also run the parent's exit work, such as flushing buffers of which this process has copies.
pub fn exit(code: i32) -> ! {
    let _ = io::stdout().flush();
    // SAFETY: Ends the process, and nothing else.
    unsafe { libc::_exit(code) }
}
