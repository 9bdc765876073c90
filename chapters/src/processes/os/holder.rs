//! Who holds something in shared memory: a number that tells whether its owner still lives.
//!
//! The number of a thread or a process alone does not: the system gives it to somebody else later, on many machines after
//! 32,768 others. The moment when it started tells the two apart. So a [`Holder`] has both, in one word, which an atomic
//! can store at once.
//!
//! Python has no such thing: what a process holds when it dies, its `multiprocessing` keeps for it for ever. A working
//! engineer has the kernel remember who holds what: `File::lock` (or `flock`) is given back when its file is closed, by
//! death too, and POSIX's robust mutexes (`pthread_mutexattr_setrobust`) are marked by the kernel when their owner ends.
//!
//! The processes must see each other under the same numbers, in one PID namespace with `/proc`: those of one container do.
//! One that replaces its program by `exec` lives on, and what it held stays held.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytemuck::{Pod, Zeroable};
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::kill;
use nix::unistd::{Pid, getpid, gettid};

/// A thread or a process, or nobody.
///
/// | bits | |
/// | --- | --- |
/// | 0 to 21 | its number, which Linux keeps below 2^22; 0 is nobody |
/// | 22 to 31 | [free](Holder::FLAGS) for those who store it with something else |
/// | 32 to 63 | when it started, in hundredths of a second since the system did; 497 days later the count wraps around |
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(transparent)]
pub struct Holder(u64);

thread_local! {
    /// This thread, once it has asked.
    static THREAD: Cell<u64> = const { Cell::new(0) };
}

/// The start time of a thread that couldn't read its own, for want of a file descriptor or of `/proc`.
const UNKNOWN: u64 = u32::MAX as u64;

/// This process, once it has asked. Relaxed, as the next one: a number that says all, and a flag that only saves work.
static PROCESS: AtomicU64 = AtomicU64::new(0);

/// Whether a child made by `fork` will forget who its parent was.
static FORGETS: AtomicBool = AtomicBool::new(false);

impl Holder {
    /// Nobody: what a word says that nobody has written to.
    pub const NOBODY: Self = Self(0);

    /// The bits that are free in every holder.
    pub const FLAGS: u64 = 0xffc0_0000;

    /// The calling thread. Costs next to nothing, after the first time.
    ///
    /// If `/proc` can't be read, because there is none or the process has no descriptor left, the start time is unknown: then
    /// a later thread of the same number is taken for this one.
    #[inline]
    pub fn this_thread() -> Self {
        match THREAD.get() {
            0 => Self::ask(gettid(), |me| THREAD.set(me)),
            me => Self(me),
        }
    }

    /// The calling process, which is its first thread, and lives longer than the others. For what any of its threads may
    /// give back.
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
            // SAFETY: the handler may run in the child of a process with many threads: it does nothing but store.
            let registered = unsafe { libc::pthread_atfork(None, None, Some(forget)) };
            assert_eq!(registered, 0, "the system has memory for the address of a function");
            // If two threads came here at once, the child forgets twice.
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

    fn started(self) -> u64 {
        self.0 >> 32
    }

    /// The holder in a word that may have [`Holder::FLAGS`] besides.
    pub fn in_word(word: u64) -> Self {
        Self(word & !Self::FLAGS)
    }

    /// The holder as a word, with no flag set.
    pub const fn word(self) -> u64 {
        self.0
    }

    /// Returns whether it has ended: no such thread exists, or it is a zombie, or its number is another thread's by now.
    /// Returns false in case of doubt, and for [`Holder::NOBODY`]. Takes some microseconds if it is alive.
    ///
    /// Needs a file descriptor for a moment. If the process has none left, a number that has been reused isn't noticed.
    pub fn is_dead(self) -> bool {
        let number = Pid::from_raw((self.0 & u64::from(u32::MAX)) as i32);
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
            // A zombie has no program, which can be seen without opening a file.
            Err(error)
                if matches!(Errno::from_raw(error.raw_os_error().unwrap_or(0)), Errno::EMFILE | Errno::ENFILE) =>
            {
                let program = fs::read_link(format!("/proc/{number}/exe"));
                program.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
            }
            // It ended between the two calls, and the next caller gets the answer; or there is no /proc.
            Err(_) => false,
        }
    }
}

/// Run in a child made by `fork`, which has a copy of its parent's memory and is somebody else.
extern "C" fn forget() {
    THREAD.set(0);
    PROCESS.store(0, Ordering::Relaxed);
}

/// What `/proc/N/stat` says about a thread, as far as it is needed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    state: u8,
    /// The kernel's flags, of which `EXITING` is one.
    flags: u64,
    /// In hundredths of a second since the system started.
    started: u64,
}

/// The flag of a thread that runs no more instructions of its program (`PF_EXITING` in the kernel's `sched.h`).
const EXITING: u64 = 4;

/// Returns whether a thread of this process is past its last instruction, so that it holds no lock and takes none.
pub(super) fn is_exiting(thread: i32) -> bool {
    match look_up(Pid::from_raw(thread)) {
        Ok(stat) => stat.flags & EXITING != 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH),
    }
}

fn look_up(number: Pid) -> io::Result<Stat> {
    // Longer than the longest, and read at once, as the kernel writes it.
    let mut stat = [0; 1024];
    let length = File::open(format!("/proc/{number}/stat"))?.read(&mut stat)?;
    parse(&stat[..length]).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Parses `/proc/N/stat`: the number, the name, and then fields that are counted from 3 (see proc_pid_stat(5)). The name is
/// in parentheses, and may contain spaces, parentheses and bytes that aren't text.
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
