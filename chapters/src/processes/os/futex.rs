//! Where processes sleep until a word changes: the kernel's *futex*, which POSIX's primitives are made of.
//!
//! The kernel looks at 32 bits. They are the lower half of the word.
//!
//! The counterpart for threads is the standard library's `Condvar` (which uses a futex itself), and for a process that
//! would rather wait for many things at once an `eventfd`, which `poll` understands. The crate `atomic-wait` wraps what
//! Linux, macOS and Windows have, for the threads of one process.

use std::hint;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;

/// How long one leaves alone what others may be changing, before one looks again: in turns of a loop, of which 40 or so take a
/// microsecond.
const PAUSE: usize = 64;
/// How often one then lets others have the processor, before one sleeps.
const YIELDS: usize = 8;
/// How long others may then have kept the processor. Who needs it longer computes, and eight such turns would be more than
/// many a timeout.
const MAX_YIELD_TIME: Duration = Duration::from_micros(500);

/// Waits a moment without sleeping while there is nothing else to do, and says whether that is still so.
///
/// To be woken takes longer than most waits, and costs the one who has to do it more than all the rest of what it does.
/// But whoever looks again at once takes the words away from the processor of the one who changes them, and both get
/// slower than one alone. So one pauses first: meanwhile, the other one gets many things done.
pub(in crate::processes) fn spin_while(busy: impl Fn() -> bool) -> bool {
    if busy() {
        (0..PAUSE).for_each(|_| hint::spin_loop());
    }
    let begin = Instant::now();
    (0..YIELDS).take_while(|_| busy() && begin.elapsed() < MAX_YIELD_TIME).for_each(|_| thread::yield_now());
    busy()
}

/// Sleeps until somebody [wakes](wake) the word, or for no reason, or until `timeout` has passed: then the answer is
/// false. Does not sleep at all if the lower half of the word is not that of `expected` any more.
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
    // SAFETY: the word and the timeout outlive the call, and the kernel only reads them. Without FUTEX_PRIVATE_FLAG the
    // word is found by the memory behind it, so that it is the same one in every process.
    let result = unsafe { libc::syscall(libc::SYS_futex, half, libc::FUTEX_WAIT, expected as u32, &raw const timeout) };
    result == 0 || Errno::last() != Errno::ETIMEDOUT
}

/// Wakes `n` of those who sleep on the word, or all if there are fewer: those first who came first.
///
/// See the example of [`Condition`](crate::processes::Condition), which does it for you.
pub fn wake(word: &AtomicU64, n: usize) {
    let n = i32::try_from(n).unwrap_or(i32::MAX);
    // SAFETY: the kernel uses the address to find sleepers and does not touch the word.
    unsafe { libc::syscall(libc::SYS_futex, lower_half(word), libc::FUTEX_WAKE, n) };
}

fn lower_half(word: &AtomicU64) -> *const u32 {
    let halves = ptr::from_ref(word).cast::<u32>();
    halves.wrapping_add(if cfg!(target_endian = "big") { 1 } else { 0 })
}

#[cfg(test)]
#[path = "tests/futex.rs"]
mod tests;
