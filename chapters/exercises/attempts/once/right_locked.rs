//! Keeps the mutex locked while the function runs, so the other threads wait for the mutex, which a panic poisons.

use std::sync::PoisonError;

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
    Done,
}

impl Once {
    /// Creates a `Once` whose function hasn't run.
    pub fn new() -> Self {
        Self { state: Mutex::new(State::New), done: Condvar::new() }
    }

    /// Runs `function` if no thread has done that, and returns when it has run.
    pub fn call_once(&self, function: impl FnOnce()) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::New {
            function();
            *state = State::Done;
            self.done.notify_all();
        }
    }
}
