//! A ticker calls a function whenever an interval has passed, until it's stopped. It notices the stop too late.
//!
//! Make `stop` return at once, even in the middle of an hour-long interval. The thread sleeps, and doesn't wake up
//! until it ticks or is stopped. A tick never comes before its interval has passed, and `stop` still waits for a tick
//! to end. A ticker that's dropped stops in the same way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct Ticker {
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Ticker {
    pub fn start(interval: Duration, tick: impl Fn() + Send + 'static) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        let thread = thread::spawn(move || {
            loop {
                thread::sleep(interval);
                if flag.load(Relaxed) {
                    break;
                }
                tick();
            }
        });
        Self { stopped, thread }
    }

    /// Returns when the last tick is over.
    pub fn stop(self) {
        self.stopped.store(true, Relaxed);
        self.thread.join().unwrap();
    }
}
