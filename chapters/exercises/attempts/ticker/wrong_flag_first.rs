//! Checks the flag before it sleeps.
//! Refused: `stop` was called in the middle of the interval

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
                if flag.load(Relaxed) {
                    break;
                }
                thread::sleep(interval);
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
