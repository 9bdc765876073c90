//! Stops only on request.
//! Refused: its thread hasn't ended

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chapters::threads::Event;

pub struct Ticker {
    stopped: Arc<Event>,
    thread: JoinHandle<()>,
}

impl Ticker {
    pub fn start(interval: Duration, tick: impl Fn() + Send + 'static) -> Self {
        let stopped = Arc::new(Event::new());
        let event = Arc::clone(&stopped);
        let thread = thread::spawn(move || {
            while !event.wait_timeout(interval) {
                tick();
            }
        });
        Self { stopped, thread }
    }

    /// Returns when the last tick is over.
    pub fn stop(self) {
        self.stopped.set();
        self.thread.join().unwrap();
    }
}
