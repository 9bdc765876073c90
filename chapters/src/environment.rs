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

use std::env;

use anstream::ColorChoice;

/// Repairs the inherited state. Every program calls this first, and worker processes inherit the result.
pub fn prepare() {
    #[cfg(unix)]
    put_signals_right();
    put_colors_right();
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
