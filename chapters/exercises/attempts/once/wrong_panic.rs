//! Doesn't expect the function to panic.
//! Refused: waits forever

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
        while *state == State::Running {
            state = self.done.wait(state).unwrap();
        }
        if *state == State::Done {
            return;
        }
        *state = State::Running;
        drop(state);
        function();
        *self.state.lock().unwrap() = State::Done;
        self.done.notify_all();
    }
}
