//! Build a oneshot channel from a mutex and a condition variable: one thread sends one value, and another one waits for it.
//!
//! - If the sender is dropped without sending, the receiver finds out.
//! - If the receiver has been dropped, `send` returns the value.
//!
//! You may add fields, methods, and types, but don't change the import.

use std::sync::Arc;

use chapters::scheduler::sync::{Condvar, Mutex};

/// What both ends share.
struct Shared {
    #[allow(dead_code, reason = "your code will use it")]
    state: Mutex<State>,
    #[allow(dead_code, reason = "your code will use it")]
    /// Notified when there will be no more change.
    changed: Condvar,
}

#[allow(dead_code, reason = "your code will use it")]
#[derive(Debug, Default)]
struct State {
    value: Option<u32>,
    /// Whether the sender is gone.
    closed: bool,
}

/// Sends one value.
pub struct Sender {
    #[allow(dead_code, reason = "your code will use it")]
    shared: Arc<Shared>,
}

/// Receives one value.
pub struct Receiver {
    #[allow(dead_code, reason = "your code will use it")]
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
        _ = value;
        todo!()
    }
}

impl Drop for Sender {
    /// Notifies the receiver that no value will come, if none was sent.
    fn drop(&mut self) {
        // Write this as well.
    }
}

impl Receiver {
    /// Blocks until there's a value, or until the sender is gone.
    pub fn receive(self) -> Option<u32> {
        todo!()
    }
}
