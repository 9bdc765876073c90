//! The signals that end a service: the first one stops it as its deadline would, the second ends the program immediately.
//!
//! | signal | sent by | exit status |
//! | --- | --- | --- |
//! | `SIGINT` | the terminal, when the user presses Ctrl-C | 130 |
//! | `SIGTERM` | `kill`, or the system when it shuts down | 143 |
//! | `SIGHUP` | the terminal, when it is closed | 129 |
//!
//! The terminal sends its signals to every process of the demo at the same moment. Only the first process, which the user
//! started, may act on them: a worker that died couldn't finish its job. So the signals are blocked before any worker
//! starts, workers inherit that, and then one thread of the first process waits for them with `sigwait`. A thread may
//! take locks and send to channels, while a signal handler may do almost nothing.
//!
//! A signal that was ignored when the program started stays ignored, so that `nohup` works.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(unix)]
use nix::sys::signal::{SigSet, Signal};

use crate::service::StopHandle;

/// The signals, blocked. One that arrives before [`listen`](Held::listen) is called stays pending until then.
#[derive(Debug)]
pub struct Held {
    #[cfg(unix)]
    signals: SigSet,
}

/// Blocks the signals in this thread, and in every thread and process that it starts from now on.
///
/// A worker process never unblocks them. On systems without signals, nothing happens.
#[cfg(unix)]
pub fn hold() -> Held {
    let mut signals = SigSet::empty();
    let all = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
    all.into_iter().filter(|it| !crate::environment::is_ignored(*it)).for_each(|it| signals.add(it));
    // This fails only if a number isn't a signal.
    let _ = signals.thread_block();
    Held { signals }
}

/// Blocks the signals in this thread, and in every thread and process that it starts from now on: on this system, none.
#[cfg(not(unix))]
pub fn hold() -> Held {
    Held {}
}

/// Whether a signal has arrived since [`hold`], and is pending because nothing [listens](Held::listen) yet.
///
/// A service that prepares for seconds before its workers start can give up then.
#[cfg(unix)]
pub fn is_pending() -> bool {
    use std::mem::MaybeUninit;

    use nix::libc;

    let mut pending = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the call writes to memory that is ours and large enough.
    if unsafe { libc::sigpending(pending.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the call has succeeded, so it has written the set.
    let pending = unsafe { pending.assume_init() };
    // SAFETY: the set comes from the system, so it's valid.
    let pending = unsafe { SigSet::from_sigset_t_unchecked(pending) };
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().any(|signal| pending.contains(signal))
}

/// Whether a signal has arrived since [`hold`]: on this system, no.
#[cfg(not(unix))]
pub fn is_pending() -> bool {
    false
}

impl Held {
    /// From now on, the first signal calls `stop`, and the second ends the program. Returns a variable that is 0 until
    /// the first signal arrives, and its exit status from then on.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread or a signal handler.
    pub fn listen(self, stop: StopHandle) -> io::Result<Arc<AtomicU8>> {
        let status = Arc::new(AtomicU8::new(0));
        let first = Arc::clone(&status);
        let act =
            move |its_status: u8| match first.compare_exchange(0, its_status, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => stop(),
                Err(_) => process::exit(its_status.into()),
            };
        self.call(act)?;
        Ok(status)
    }

    /// Calls `act` with the exit status of each signal that arrives.
    #[cfg(unix)]
    fn call(self, act: impl Fn(u8) + Send + 'static) -> io::Result<()> {
        let wait = move || {
            loop {
                // This fails only if a number isn't a signal.
                if let Ok(signal) = self.signals.wait() {
                    act(128 + signal as u8);
                }
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
        Ok(())
    }

    /// Calls `act` with the exit status of each Ctrl-C.
    #[cfg(not(unix))]
    fn call(self, act: impl Fn(u8) + Send + 'static) -> io::Result<()> {
        ctrlc::set_handler(move || act(130)).map_err(io::Error::other)
    }
}
