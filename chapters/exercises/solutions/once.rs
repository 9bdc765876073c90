//! One thread changes the state to `Running`, and the others wait until it's something else. A guard changes it back after a
//! panic.

use chapters::scheduler::sync::{Condvar, Mutex};

/// Runs a function once.
pub struct Once {
    state: Mutex<State>,
    /// Notified when the function has ended.
    done: Condvar,
}

/// How far the function is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    New,
    Running,
    Done,
}

// ANCHOR: guard
/// Sets the state when the function ends.
struct End<'a> {
    once: &'a Once,
    state: State,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        *self.once.state.lock().unwrap() = self.state;
        self.once.done.notify_all();
    }
}
// ANCHOR_END: guard

impl Once {
    /// Creates a `Once` whose function hasn't run.
    pub fn new() -> Self {
        Self { state: Mutex::new(State::New), done: Condvar::new() }
    }

    // ANCHOR: solution
    /// Runs `function`, unless another thread's function has returned or will return. Returns when one has.
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
        let mut end = End { once: self, state: State::New };
        function();
        end.state = State::Done;
    }
    // ANCHOR_END: solution
}
