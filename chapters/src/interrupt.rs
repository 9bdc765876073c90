//! Ctrl-C: the first one stops the service as its deadline would, the second ends the program at once.
//!
//! The terminal sends the interrupt signal to every process of the demo at the same moment. Only the first process, the
//! one that the reader started, may act on it: a worker that died of it could not finish its job. So the signal is held
//! back while workers are started, who inherit that, and only then is it listened to.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::service::StopHandle;

/// The exit status of a program that was interrupted: 128 and the number of the signal.
pub const INTERRUPTED: u8 = 130;

/// The interrupt signal, held back. One that arrives meanwhile is delivered to [`listen`](Held::listen).
#[derive(Debug)]
pub struct Held(());

/// Holds the interrupt signal back: blocks it, here and in every thread and process that this thread starts from now on.
///
/// A blocked signal stays pending. A worker process never unblocks it, so it never acts on one. On systems without
/// signals, nothing happens.
pub fn hold() -> Held {
    // Only a number that is no signal could be refused.
    #[cfg(unix)]
    let _ = sigint().thread_block();
    Held(())
}

#[cfg(unix)]
fn sigint() -> nix::sys::signal::SigSet {
    nix::sys::signal::SigSet::from(nix::sys::signal::Signal::SIGINT)
}

impl Held {
    /// From now on, the first interrupt calls `stop`, and the second ends the program. Returns a flag that says whether
    /// there was one.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread or a signal handler.
    pub fn listen(self, stop: StopHandle) -> io::Result<Arc<AtomicBool>> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        let handler = move || match flag.swap(true, Ordering::Relaxed) {
            false => stop(),
            true => process::exit(INTERRUPTED.into()),
        };
        ctrlc::set_handler(handler).map_err(io::Error::other)?;
        #[cfg(unix)]
        sigint().thread_unblock()?;
        Ok(interrupted)
    }
}
