//! Identifies the thread or process that holds something in shared memory, so that others can check that it is alive.
//!
//! A PID or thread ID isn't enough, because the kernel reuses it after the thread has ended: on many machines, after
//! 32,768 others. The start time distinguishes the two. A [`Holder`] combines both in one word, which fits in an
//! atomic.
//!
//! Python's `multiprocessing` lacks this check, so a lock whose holder dies stays locked forever. A working engineer
//! lets the kernel keep track of the holder: `File::lock` (or `flock`) is released when its file is closed, even by the
//! death of the process, and the kernel marks POSIX's robust mutexes (`pthread_mutexattr_setrobust`) when their owner
//! ends.
//!
//! The processes must share a PID namespace with `/proc`, as the processes of a container do. A process that replaces
//! its program by `exec` is still alive, so it may keep everything that it held until it ends.
//!
//! # Garbage
//!
//! A faulty process may write anything to the memory. A word that names a holder is treated as if the holder were dead if
//! no process could have written it: if it has flags and no holder, an ID that no thread has, the start time of another
//! thread, or the name of a process that doesn't map the memory, such as a daemon. So the next waiting process takes over
//! what the word guards.
//!
//! If the word names a live thread of a process that maps the memory, the fault can't be detected, even if that thread
//! holds nothing. The others wait until it ends, unless they have a timeout.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytemuck::{Pod, Zeroable};
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::kill;
use nix::unistd::{Pid, getpid, gettid};

/// A thread, a process, or neither ([`Holder::NOBODY`]).
///
/// | bits | |
/// | --- | --- |
/// | 0 to 21 | its PID or thread ID, which Linux keeps below 2^22; 0 if there is no holder |
/// | 22 to 31 | [free](Holder::FLAGS) for flags that are stored in the same word |
/// | 32 to 63 | its start time, in hundredths of a second since the system started; it wraps around after 497 days |
///
/// ```
/// use chapters::processes::holder::Holder;
///
/// let me = Holder::this_thread();
/// assert_eq!(me, Holder::this_thread());
/// assert!(!me.is_dead());
///
/// let other = std::thread::spawn(Holder::this_thread).join().unwrap();
/// while !other.is_dead() {} // it may take the system a moment to forget it
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Holder(u64);

thread_local! {
    /// The calling thread's holder, or 0 until it is first needed.
    static THREAD: Cell<u64> = const { Cell::new(0) };
}

/// The start time of a thread that couldn't read its own, because `/proc` is missing or no file descriptor was free.
const UNKNOWN: u64 = u32::MAX as u64;

/// This process's holder, or 0 until it is first needed. Relaxed, like `FORGETS`: each is one independent value, and
/// computing it twice is harmless.
static PROCESS: AtomicU64 = AtomicU64::new(0);

/// Whether `forget` is registered to run in every child made by `fork`.
static FORGETS: AtomicBool = AtomicBool::new(false);

impl Holder {
    /// No holder: the value of a word that hasn't been written.
    pub const NOBODY: Self = Self(0);

    /// The bits that are zero in every holder.
    pub const FLAGS: u64 = 0xffc0_0000;

    /// Returns the calling thread. After the first call, this reads a thread-local variable.
    ///
    /// If `/proc` is missing, or the process can't open it for lack of a file descriptor, the start time is unknown.
    /// Then a later thread with the same ID is mistaken for this one.
    #[inline]
    pub fn this_thread() -> Self {
        match THREAD.get() {
            0 => Self::ask(gettid(), |me| THREAD.set(me)),
            me => Self(me),
        }
    }

    /// Returns the calling process, as its main thread. Use it for resources that any thread of the process may
    /// release.
    #[inline]
    pub fn this_process() -> Self {
        match PROCESS.load(Ordering::Relaxed) {
            0 => Self::ask(getpid(), |me| PROCESS.store(me, Ordering::Relaxed)),
            me => Self(me),
        }
    }

    #[cold]
    fn ask(number: Pid, remember: impl FnOnce(u64)) -> Self {
        if !FORGETS.load(Ordering::Relaxed) {
            // SAFETY: The handler may run in the child of a process with several threads. It only stores to a
            // thread-local variable and an atomic, which is safe there.
            let registered = unsafe { libc::pthread_atfork(None, None, Some(forget)) };
            assert_eq!(registered, 0, "the system has memory for the address of a function");
            // If two threads get here at once, the handler is registered twice, which is harmless.
            FORGETS.store(true, Ordering::Relaxed);
        }
        let started = look_up(number).map_or(UNKNOWN, |stat| stat.started);
        let me = Self::new(number, started);
        remember(me.0);
        me
    }

    fn new(number: Pid, started: u64) -> Self {
        Self(started << 32 | number.as_raw() as u64)
    }

    /// Returns the holder for a thread or process that is running.
    #[cfg(test)]
    pub(in crate::processes) fn of(number: Pid) -> Self {
        Self::new(number, look_up(number).unwrap().started)
    }

    fn number(self) -> Pid {
        Pid::from_raw((self.0 & u64::from(u32::MAX)) as i32)
    }

    fn started(self) -> u64 {
        self.0 >> 32
    }

    /// Returns the holder in a word that may also have some of [`Holder::FLAGS`] set.
    pub fn in_word(word: u64) -> Self {
        Self(word & !Self::FLAGS)
    }

    /// Returns the holder as a word, with no flag set.
    pub const fn word(self) -> u64 {
        self.0
    }

    /// Returns whether the thread or process has ended: its ID is unused or now belongs to another one, or it is a
    /// zombie. Returns false if it can't find out, and for [`Holder::NOBODY`]. Takes a few microseconds if it is alive.
    ///
    /// Opens a file. If the process is out of file descriptors, a reused ID goes unnoticed.
    pub fn is_dead(self) -> bool {
        let number = self.number();
        if self == Self::NOBODY {
            return false;
        }
        if number.as_raw() <= 0 {
            return true; // garbage, which no thread could have written
        }
        if kill(number, None) == Err(Errno::ESRCH) {
            return true;
        }
        match look_up(number) {
            Ok(stat) => {
                let reused = self.started() != UNKNOWN && Self::new(number, stat.started) != self;
                matches!(stat.state, b'Z' | b'X') || reused
            }
            // A zombie lacks an executable. Finding that out doesn't require opening a file.
            Err(error)
                if matches!(Errno::from_raw(error.raw_os_error().unwrap_or(0)), Errno::EMFILE | Errno::ENFILE) =>
            {
                let program = fs::read_link(format!("/proc/{number}/exe"));
                program.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
            }
            // Either it ended between the two calls, and the next call returns true, or `/proc` is missing.
            Err(_) => false,
        }
    }

    /// Returns whether the thread or process maps the file with this inode number and name, or `None` if that can't be
    /// found out, for example because it belongs to another user, or because it's exiting and has no memory any more.
    pub(super) fn maps(self, inode: u64, name: &str) -> Option<bool> {
        let maps = fs::read(format!("/proc/{}/maps", self.number())).ok().filter(|maps| !maps.is_empty())?;
        // Address, permissions, offset, device, inode, and a name that may contain spaces.
        let is_it = |line: &[u8]| {
            let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
            let number = fields.nth(4).and_then(|number| str::from_utf8(number).ok()?.parse().ok());
            number == Some(inode) && fields.next() == Some(name.as_bytes())
        };
        Some(maps.split(|&byte| byte == b'\n').any(is_it))
    }
}

/// Runs in every child made by `fork`: the child has a copy of its parent's memory, but is a different process.
extern "C" fn forget() {
    THREAD.set(0);
    PROCESS.store(0, Ordering::Relaxed);
}

/// The fields of `/proc/N/stat` that this module needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    state: u8,
    /// The kernel's flags, which include `EXITING`.
    flags: u64,
    /// The start time, in hundredths of a second since the system started.
    started: u64,
}

/// The flag of a thread that doesn't execute its program any longer (`PF_EXITING` in the kernel's `sched.h`).
const EXITING: u64 = 4;

/// Returns whether a thread of this process has executed its last instruction, so that it can't hold or acquire a lock.
pub(super) fn is_exiting(thread: i32) -> bool {
    match look_up(Pid::from_raw(thread)) {
        Ok(stat) => stat.flags & EXITING != 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH),
    }
}

fn look_up(number: Pid) -> io::Result<Stat> {
    // Longer than any such file. One call reads all of it.
    let mut stat = [0; 1024];
    let length = File::open(format!("/proc/{number}/stat"))?.read(&mut stat)?;
    parse(&stat[..length]).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Parses `/proc/N/stat`: the ID, the name, and then fields that are numbered from 3 (see proc_pid_stat(5)). The name
/// is in parentheses, and may contain spaces, parentheses and bytes that aren't text.
fn parse(stat: &[u8]) -> Option<Stat> {
    let name_ends = stat.iter().rposition(|&byte| byte == b')')?;
    let mut fields = stat[name_ends + 1..].trim_ascii().split(|&byte| byte == b' ');
    let state = *fields.next()?.first()?;
    let mut number = |skipped| str::from_utf8(fields.nth(skipped)?).ok()?.parse().ok();
    let (flags, started) = (number(9 - 4)?, number(22 - 10)?);
    Some(Stat { state, flags, started })
}

#[cfg(test)]
#[path = "tests/holder.rs"]
mod tests;
