//! Waits on a condition variable.

use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct Ticker {
    stopped: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
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
        Self { stopped, thread: Some(thread) }
    }

    /// Returns when the last tick is over.
    pub fn stop(mut self) {
        self.end().unwrap();
    }

    fn end(&mut self) -> thread::Result<()> {
        *self.stopped.0.lock().unwrap() = true;
        self.stopped.1.notify_all();
        self.thread.take().map_or(Ok(()), JoinHandle::join)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // After a call of `stop`, there's nothing left to do.
        _ = self.end();
    }
}
