//! One lock for the token and the total, and each request announces its token.

use chapters::scheduler::sync::{Mutex, MutexGuard};

/// A total that several machines change, each with the token of its lease.
pub struct Store {
    state: Mutex<State>,
}

#[derive(Clone, Debug)]
struct State {
    /// The highest token so far.
    newest: u32,
    total: u32,
}

impl Store {
    /// Creates a store whose total is 0. Tokens start at 1.
    pub fn new() -> Self {
        Self { state: Mutex::new(State { newest: 0, total: 0 }) }
    }

    // ANCHOR: solution
    /// Locks the state, unless a higher token has been used.
    fn lock(&self, token: u32) -> Option<MutexGuard<'_, State>> {
        let mut state = self.state.lock().unwrap();
        state.newest = state.newest.max(token);
        (state.newest == token).then_some(state)
    }

    /// Returns the total, or `None` if a higher token has been used.
    pub fn read(&self, token: u32) -> Option<u32> {
        self.lock(token).map(|state| state.total)
    }

    /// Sets the total, and returns whether it did. It doesn't if a higher token has been used.
    pub fn write(&self, token: u32, total: u32) -> bool {
        self.lock(token).map(|mut state| state.total = total).is_some()
    }
    // ANCHOR_END: solution
}
