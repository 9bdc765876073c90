//! Pauses a thread: a signal handler runs on it until another signal arrives.

use std::os::unix::thread::JoinHandleExt;
use std::sync::Once;
use std::thread::JoinHandle;

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

const PAUSE: Signal = Signal::SIGUSR1;
const UNPAUSE: Signal = Signal::SIGUSR2;

/// Returns when the thread, which is asleep, can't execute another instruction of its program.
pub fn pause(thread: &JoinHandle<()>) {
    static HANDLERS: Once = Once::new();
    HANDLERS.call_once(|| {
        // `UNPAUSE` is blocked while the handler for `PAUSE` runs, except while that one waits for it.
        for (signal, handler) in [(PAUSE, wait_in_handler as extern "C" fn(libc::c_int)), (UNPAUSE, do_nothing)] {
            let action = SigAction::new(SigHandler::Handler(handler), SaFlags::SA_RESTART, SigSet::from(UNPAUSE));
            // SAFETY: both handlers do only what is safe in a signal handler.
            unsafe { sigaction(signal, &action) }.expect("the signal has no other use");
        }
    });
    send(thread, PAUSE);
}

pub fn unpause(thread: &JoinHandle<()>) {
    send(thread, UNPAUSE);
}

fn send(thread: &JoinHandle<()>, signal: Signal) {
    // SAFETY: the thread hasn't been joined, so the ID is its own.
    let error = unsafe { libc::pthread_kill(thread.as_pthread_t(), signal as libc::c_int) };
    assert_eq!(error, 0, "the thread exists");
}

extern "C" fn wait_in_handler(_: libc::c_int) {
    let mut others = SigSet::all();
    others.remove(UNPAUSE);
    // SAFETY: the call is async-signal-safe, and the set outlives it.
    unsafe { libc::sigsuspend(others.as_ref()) };
}

extern "C" fn do_nothing(_: libc::c_int) {}
