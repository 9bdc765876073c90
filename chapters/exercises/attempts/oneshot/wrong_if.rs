//! Checks once.
//! Refused: receives nothing, although 7 is sent

use std::sync::Arc;

use chapters::scheduler::sync::{Condvar, Mutex};

/// What both ends share.
struct Shared {
    state: Mutex<State>,
    /// Notified when there will be no more change.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    value: Option<u32>,
    /// Whether the sender is gone.
    closed: bool,
    /// Whether the receiver is gone.
    is_abandoned: bool,
}

/// Sends one value.
pub struct Sender {
    shared: Arc<Shared>,
}

/// Receives one value.
pub struct Receiver {
    shared: Arc<Shared>,
}

/// Creates a channel for one value.
pub fn channel() -> (Sender, Receiver) {
    let shared = Arc::new(Shared { state: Mutex::new(State::default()), changed: Condvar::new() });
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared })
}

impl Sender {
    /// Sends a value. If the receiver is gone, the error has the value.
    pub fn send(self, value: u32) -> Result<(), u32> {
        let mut state = self.shared.state.lock().unwrap();
        if state.is_abandoned {
            return Err(value);
        }
        state.value = Some(value);
        Ok(())
    }
}

impl Drop for Sender {
    /// Notifies the receiver that no value will come, if none was sent.
    fn drop(&mut self) {
        self.shared.state.lock().unwrap().closed = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap().is_abandoned = true;
    }
}

impl Receiver {
    /// Blocks until there's a value, or until the sender is gone.
    pub fn receive(self) -> Option<u32> {
        let mut state = self.shared.state.lock().unwrap();
        if !state.closed {
            state = self.shared.changed.wait(state).unwrap();
        }
        state.value.take()
    }
}
