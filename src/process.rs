//! The environment that the program starts in: signals that the parent ignored or blocked, and the program's own file.

use std::env;
use std::io;
use std::path::PathBuf;

/// The file of the running program, to start it again.
///
/// On Linux this is a link that the kernel keeps valid even after cargo has replaced the file.
///
/// # Errors
///
/// When the system doesn't know.
pub fn executable() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { env::current_exe() }
}

/// Makes the program independent of the signal settings that it inherits.
///
/// - A parent that ignores SIGCHLD would keep us from learning how a child ended, so its default action is restored.
/// - A write beyond the limit on file sizes becomes an error rather than a silent death by SIGXFSZ.
/// - Signals that the parent has blocked are unblocked.
pub fn reset_signals() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
        for (number, handler) in [(Signal::SIGCHLD, SigHandler::SigDfl), (Signal::SIGXFSZ, SigHandler::SigIgn)] {
            // SAFETY: neither setting runs code of ours in a signal handler.
            let _ = unsafe { signal(number, handler) };
        }
        let _ = SigSet::all().thread_unblock();
    }
}

/// Whether the parent asked us to ignore a signal: `nohup` does that with SIGHUP, and a shell with SIGINT of a background job.
#[cfg(unix)]
pub fn is_ignored(number: nix::sys::signal::Signal) -> bool {
    use nix::sys::signal::{SigHandler, signal};
    // SAFETY: the default action runs no code of ours, and the earlier setting is restored at once.
    let Ok(before) = (unsafe { signal(number, SigHandler::SigDfl) }) else { return false };
    // SAFETY: the setting was valid before.
    let _ = unsafe { signal(number, before) };
    matches!(before, SigHandler::SigIgn)
}
