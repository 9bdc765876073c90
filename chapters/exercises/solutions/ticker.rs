//! The thread waits for an event with a timeout, so it can be woken early and doesn't need to poll a flag.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chapters::threads::Event;

pub struct Ticker {
    stopped: Arc<Event>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    // ANCHOR: solution
    pub fn start(interval: Duration, tick: impl Fn() + Send + 'static) -> Self {
        let stopped = Arc::new(Event::new());
        let event = Arc::clone(&stopped);
        let thread = thread::spawn(move || {
            while !event.wait_timeout(interval) {
                tick();
            }
        });
        Self { stopped, thread: Some(thread) }
    }
    // ANCHOR_END: solution

    // ANCHOR: stop
    /// Returns when the last tick is over.
    pub fn stop(mut self) {
        self.end().unwrap();
    }

    fn end(&mut self) -> thread::Result<()> {
        self.stopped.set();
        self.thread.take().map_or(Ok(()), JoinHandle::join)
    }
    // ANCHOR_END: stop
}

// ANCHOR: drop
impl Drop for Ticker {
    fn drop(&mut self) {
        // After a call of `stop`, there's nothing left to do.
        _ = self.end();
    }
}
// ANCHOR_END: drop
