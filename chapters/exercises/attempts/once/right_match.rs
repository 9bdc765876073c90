//! Matches the state in a loop, and catches a panic.

use std::panic::{self, AssertUnwindSafe};

use chapters::scheduler::sync::{Condvar, Mutex};

/// Runs a function once.
pub struct Once {
    state: Mutex<State>,
    /// Notified when the function has run.
    done: Condvar,
}

/// How far the function is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    New,
    Running,
    Done,
}

impl Once {
    /// Creates a `Once` whose function hasn't run.
    pub fn new() -> Self {
        Self { state: Mutex::new(State::New), done: Condvar::new() }
    }

    /// Runs `function` if no thread has done that, and returns when it has run.
    pub fn call_once(&self, function: impl FnOnce()) {
        let mut state = self.state.lock().unwrap();
        loop {
            match *state {
                State::Done => return,
                State::Running => state = self.done.wait(state).unwrap(),
                State::New => break,
            }
        }
        *state = State::Running;
        drop(state);
        let ended = panic::catch_unwind(AssertUnwindSafe(function));
        *self.state.lock().unwrap() = if ended.is_ok() { State::Done } else { State::New };
        self.done.notify_all();
        ended.unwrap_or_else(|payload| panic::resume_unwind(payload));
    }
}
