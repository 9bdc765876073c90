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
use std::fs::File;
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
    /// # Panics
    ///
    /// When the system does not say when the thread started: there is no `/proc`, or the first time finds no file
    /// descriptor left.
    #[inline]
    pub fn this_thread() -> Self {
        match THREAD.get() {
            0 => Self::ask(gettid(), |me| THREAD.set(me)),
            me => Self(me),
        }
    }

    /// The calling process, which is its first thread, and lives longer than the others. For what any of its threads may
    /// give back.
    ///
    /// # Panics
    ///
    /// As [`Holder::this_thread`].
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
        let (_, me) = look_up(number).expect("/proc tells when this thread started");
        remember(me.0);
        me
    }

    /// The holder in a word that may have [`Holder::FLAGS`] besides.
    pub fn in_word(word: u64) -> Self {
        Self(word & !Self::FLAGS)
    }

    /// The holder as a word, with no flag set.
    pub const fn word(self) -> u64 {
        self.0
    }

    /// Whether it has ended: there is no such thread, or its parent has not yet taken note of its end, or the number is
    /// somebody else's now. When in doubt, no; nobody is never dead. Takes some microseconds if it lives.
    pub fn is_dead(self) -> bool {
        let number = Pid::from_raw((self.0 & u64::from(u32::MAX)) as i32);
        if self == Self::NOBODY {
            return false;
        }
        if kill(number, None) == Err(Errno::ESRCH) {
            return true;
        }
        // If it ends in between, there is no file, and the next one to ask is told.
        look_up(number).is_ok_and(|(state, now)| matches!(state, b'Z' | b'X') || now != self)
    }
}

/// Run in a child made by `fork`, which has a copy of its parent's memory and is somebody else.
extern "C" fn forget() {
    THREAD.set(0);
    PROCESS.store(0, Ordering::Relaxed);
}

/// Who has this number now, and in what state.
fn look_up(number: Pid) -> io::Result<(u8, Holder)> {
    // Longer than the longest, and read at once, as the kernel writes it.
    let mut stat = [0; 1024];
    let length = File::open(format!("/proc/{number}/stat"))?.read(&mut stat)?;
    parse(number, &stat[..length]).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Reads `/proc/N/stat`: the number, the name, and from there on fields that are counted from 3 (`man proc_pid_stat`).
/// The name stands in parentheses, and may have spaces, parentheses and what is no text.
fn parse(number: Pid, stat: &[u8]) -> Option<(u8, Holder)> {
    let name_ends = stat.iter().rposition(|&byte| byte == b')')?;
    let mut fields = stat[name_ends + 1..].trim_ascii().split(|&byte| byte == b' ');
    let state = *fields.next()?.first()?;
    let started: u64 = str::from_utf8(fields.nth(22 - 4)?).ok()?.parse().ok()?;
    Some((state, Holder(started << 32 | number.as_raw() as u64)))
}

#[cfg(test)]
#[path = "tests/holder.rs"]
mod tests;
