//! Uses the one of the standard library.
//! Refused: `Once` isn't from `chapters::scheduler`

use chapters::scheduler::sync::{Condvar, Mutex};

/// Runs a function once.
pub struct Once {
    inner: std::sync::Once,
    state: Mutex<State>,
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
        Self { inner: std::sync::Once::new(), state: Mutex::new(State::New), done: Condvar::new() }
    }

    /// Runs `function` if no thread has done that, and returns when it has run.
    pub fn call_once(&self, function: impl FnOnce()) {
        self.inner.call_once(function);
    }
}
