//! Repairs the state that a program inherits from its parent process, before the program does anything else.
//!
//! A program inherits more than its arguments and environment variables: for example, a signal that is ignored or
//! blocked stays so after `exec`. Most programs never check. If the parent ignores `SIGCHLD`, every `waitpid` fails,
//! and a file size limit ends the program without a message. [`prepare`] restores the state that the programs of this
//! crate rely on. Other limits don't need preparation: a call that exceeds one fails, and the program reports the
//! error. CPython also ignores `SIGXFSZ` when it starts, so that a write over the limit raises `OSError`.
//!
//! | inherited | afterward |
//! | --- | --- |
//! | `SIGCHLD` ignored | its default: a child that has ended can be waited for |
//! | `SIGCHLD`, `SIGINT`, `SIGTERM` or `SIGHUP` blocked | delivered |
//! | `SIGINT`, `SIGTERM` or `SIGHUP` ignored | still ignored: `nohup`, or a shell's background job |
//! | `SIGXFSZ` with its default, which ends the program | ignored: writing too much fails with "File too large" |
//! | `CLICOLOR_FORCE=0` | removed: colors are printed on a terminal only |
//! | `FORCE_COLOR` | colors are printed even where there is no terminal, unless `NO_COLOR` is set as well |
//!
//! The standard library has done two things by then: it ignores `SIGPIPE`, and it opens `/dev/null` in place of each
//! standard stream that is closed.

use std::io::{self, Write};
use std::{env, panic};

use anstream::ColorChoice;

/// Repairs the inherited state. Every program calls this first, and worker processes inherit the result.
pub fn prepare() {
    #[cfg(unix)]
    put_signals_right();
    put_colors_right();
}

/// Like [`prepare`], for an example, which calls `println!` and `thread::spawn` as a reader would.
///
/// These panic if standard output is full or the system refuses a thread. From now on, such a panic ends the program with
/// an error message and status 1, or silently with status 0 if nobody reads its output any longer. rustc does the same
/// with its own output.
pub fn prepare_example() {
    prepare();
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| match panic.payload_as_str().and_then(refusal) {
        None => report(panic),
        Some(refusal) => {
            if let Some(refusal) = &refusal {
                let _ = writeln!(io::stderr(), "error: {refusal}");
            }
            exit(refusal.is_some().into());
        }
    }));
}

/// If `panic` is the message of a panic because the system refused something, returns what it refused, or `None` if
/// standard output was closed by its reader.
fn refusal(panic: &str) -> Option<Option<String>> {
    let starts = [
        ("failed printing to ", "cannot write "),
        ("failed to spawn thread: ", "cannot start a thread: "),
        ("OS can't spawn worker thread: ", "cannot start a thread: "), // tokio's `spawn_blocking`
    ];
    let (why, what) = starts.into_iter().find_map(|(start, what)| Some((panic.strip_prefix(start)?, what)))?;
    Some((!why.contains("Broken pipe")).then(|| format!("{what}{why}")))
}

/// Ends the process. In a child made by `fork`, the work that its parent left for its exit isn't done twice.
fn exit(status: u8) -> ! {
    #[cfg(unix)]
    // SAFETY: the call ends the process, and does nothing else.
    unsafe {
        nix::libc::_exit(status.into())
    }
    #[cfg(not(unix))]
    std::process::exit(status.into())
}

/// The crate anstream reads `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM`. It ignores `FORCE_COLOR`, and prints
/// colors for `CLICOLOR_FORCE=0`.
fn put_colors_right() {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if env::var_os("CLICOLOR_FORCE").is_some_and(|value| value == "0") {
        // SAFETY: no other thread reads the environment, because a program calls `prepare` before it starts one.
        unsafe { env::remove_var("CLICOLOR_FORCE") };
    }
    if is_set("FORCE_COLOR") && !is_set("NO_COLOR") {
        ColorChoice::AlwaysAnsi.write_global();
    }
}

#[cfg(unix)]
fn put_signals_right() {
    use nix::sys::signal::{SigHandler, SigSet, Signal, signal};

    for (number, handler) in [(Signal::SIGCHLD, SigHandler::SigDfl), (Signal::SIGXFSZ, SigHandler::SigIgn)] {
        // SAFETY: neither handler is a function, so none can run at an unsuitable moment. No code of this program has
        // installed another handler yet.
        let set = unsafe { signal(number, handler) };
        set.expect("both signals exist, and can be ignored");
    }
    let mut blocked = SigSet::empty();
    [Signal::SIGCHLD, Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().for_each(|it| blocked.add(it));
    blocked.thread_unblock().expect("these signals exist");
}

/// Returns whether the parent process made this program ignore a signal, and the program should keep ignoring it.
///
/// `nohup` does so with `SIGHUP`, and a shell with `SIGINT` for a background job.
#[cfg(unix)]
pub fn is_ignored(number: nix::sys::signal::Signal) -> bool {
    use std::mem::MaybeUninit;
    use std::ptr;

    use nix::libc;

    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: the call changes nothing, and writes to memory that is ours and large enough.
    let asked = unsafe { libc::sigaction(number as i32, ptr::null(), action.as_mut_ptr()) };
    if asked != 0 {
        return false;
    }
    // SAFETY: the call has succeeded, so it has written the action.
    unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_because_the_system_refuses_something_is_recognized() {
        let told = |panic: &str| refusal(panic).map(Option::unwrap_or_default);
        let full = "failed printing to stdout: No space left on device (os error 28)";
        assert_eq!(told(full).as_deref(), Some("cannot write stdout: No space left on device (os error 28)"));
        assert_eq!(told("failed printing to stdout: Broken pipe (os error 32)").as_deref(), Some(""));
        assert_eq!(told("failed to spawn thread: no").as_deref(), Some("cannot start a thread: no"));
        assert_eq!(told("a bug"), None);
    }
}
