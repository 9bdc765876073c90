//! Puts processes to sleep until a word changes, with the kernel's *futex*, which POSIX's primitives use.
//!
//! The kernel compares 32 bits: the lower half of the word.
//!
//! For threads, use the standard library's `Condvar`, which uses a futex itself. A process that waits for several
//! things at once uses an `eventfd`, which works with `poll`. The crate `atomic-wait` wraps the equivalents of Linux,
//! macOS and Windows for the threads of one process.

use std::hint;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;

/// The number of iterations that `spin_while` pauses before it checks again. About 40 of them take a microsecond.
const PAUSE: usize = 64;
/// The number of times that it then yields the processor.
const YIELDS: usize = 8;
/// The time after which it stops yielding. If other threads keep the processor for longer, they are computing, and
/// eight of their time slices would be longer than many timeouts.
const MAX_YIELD_TIME: Duration = Duration::from_micros(500);

/// Waits for a short time without sleeping while `busy` returns true. Returns whether it still does.
///
/// Waking a sleeping process takes longer than most waits last, and often costs the process that wakes it more than the
/// rest of its work. But checking continuously moves the cache line away from the processor that changes it, and slows
/// both processes down. A pause before the check lets the other process make progress.
pub(in crate::processes) fn spin_while(busy: impl Fn() -> bool) -> bool {
    if busy() {
        (0..PAUSE).for_each(|_| hint::spin_loop());
    }
    let begin = Instant::now();
    (0..YIELDS).take_while(|_| busy() && begin.elapsed() < MAX_YIELD_TIME).for_each(|_| thread::yield_now());
    busy()
}

/// Sleeps until another process [wakes](wake) the word, until `timeout` has passed, or for no reason. Returns false if
/// the timeout has passed. Returns immediately if the lower half of the word differs from that of `expected`.
///
/// ```
/// use std::sync::atomic::AtomicU64;
/// use std::time::Duration;
/// use chapters::processes::futex;
///
/// let word = AtomicU64::new(1);
/// assert!(futex::wait(&word, 2, Duration::MAX));
/// assert!(!futex::wait(&word, 1, Duration::from_millis(1)));
/// ```
pub fn wait(word: &AtomicU64, expected: u64, timeout: Duration) -> bool {
    let seconds = libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX);
    let timeout = libc::timespec { tv_sec: seconds, tv_nsec: timeout.subsec_nanos().into() };
    let half = lower_half(word);
    // SAFETY: The word and the timeout outlive the call, and the kernel only reads them. Without FUTEX_PRIVATE_FLAG,
    // the kernel identifies the word by its physical memory, so that it is the same word in every process.
    let result = unsafe { libc::syscall(libc::SYS_futex, half, libc::FUTEX_WAIT, expected as u32, &raw const timeout) };
    result == 0 || Errno::last() != Errno::ETIMEDOUT
}

/// Wakes `n` of the processes that sleep on the word, in the order in which they fell asleep, or all if there are
/// fewer.
///
/// [`Condition`](crate::processes::Condition) does this for you, and has an example.
pub fn wake(word: &AtomicU64, n: usize) {
    let n = i32::try_from(n).unwrap_or(i32::MAX);
    // SAFETY: The kernel uses the address to find the sleeping processes, and doesn't access the word.
    unsafe { libc::syscall(libc::SYS_futex, lower_half(word), libc::FUTEX_WAKE, n) };
}

fn lower_half(word: &AtomicU64) -> *const u32 {
    let halves = ptr::from_ref(word).cast::<u32>();
    halves.wrapping_add(if cfg!(target_endian = "big") { 1 } else { 0 })
}

#[cfg(test)]
#[path = "tests/futex.rs"]
mod tests;
