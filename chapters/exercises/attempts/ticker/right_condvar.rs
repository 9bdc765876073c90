//! Waits on a condition variable.

use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct Ticker {
    stopped: Arc<(Mutex<bool>, Condvar)>,
    thread: JoinHandle<()>,
}

impl Ticker {
    pub fn start(interval: Duration, tick: impl Fn() + Send + 'static) -> Self {
        let stopped = Arc::new((Mutex::new(false), Condvar::new()));
        let shared = Arc::clone(&stopped);
        let thread = thread::spawn(move || {
            loop {
                let (is_stopped, changed) = &*shared;
                let is_stopped = is_stopped.lock().unwrap();
                if *changed.wait_timeout_while(is_stopped, interval, |is_stopped| !*is_stopped).unwrap().0 {
                    break;
                }
                tick();
            }
        });
        Self { stopped, thread }
    }

    /// Returns when the last tick is over.
    pub fn stop(self) {
        *self.stopped.0.lock().unwrap() = true;
        self.stopped.1.notify_all();
        self.thread.join().unwrap();
    }
}
