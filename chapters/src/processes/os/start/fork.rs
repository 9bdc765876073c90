//! `fork`: the child is a copy of its parent, in the middle of what the parent was doing.
//!
//! The quickest way, and the one with the most to beware of. The copy has all memory of the parent but only one thread:
//! a lock that another thread held at that moment stays locked in the child for ever. So the parent forks before it has
//! threads. And the copy has every open file, the ones included that it should not have, such as the end of a pipe that is
//! to be closed when another process ends.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::libc;
use nix::unistd::{ForkResult, Pid, fork, getpid};

use super::end_with;
use crate::usage::this_is_a_copy;

/// Checks that a copy of this process would be whole.
///
/// # Errors
///
/// When the process has more than one thread. CPython only warns of it, since 3.12.
pub fn check_that_no_thread_is_lost() -> io::Result<()> {
    match fs::read_dir("/proc/self/task")?.count() {
        1 => Ok(()),
        threads => {
            Err(io::Error::other(format!("cannot fork: a copy would lack {} of {threads} threads", threads - 1)))
        }
    }
}

/// Starts a copy of this process in which `child` runs, and then nothing else. The process should have one thread: see
/// [`check_that_no_thread_is_lost`].
///
/// # Errors
///
/// When the system refuses another process.
// ANCHOR: start
pub fn start(child: impl FnOnce()) -> io::Result<Pid> {
    let parent = getpid();
    // SAFETY: with one thread, which `Starter::new` sees to, the copy lacks none and may do whatever this one may. With
    // more, what the others have locked stays locked in it, as the example `hang` shows, which calls this all the same.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            this_is_a_copy();
            let run = || end_with(parent).map(|()| child());
            let status = match catch_unwind(AssertUnwindSafe(run)) {
                Ok(Ok(())) => 0,
                Ok(Err(_)) | Err(_) => 1,
            };
            // SAFETY: ends the process without what the parent has still to do at its own end, such as flushing a
            // buffer of which this is a copy.
            unsafe { libc::_exit(status) }
        }
    }
}
// ANCHOR_END: start
