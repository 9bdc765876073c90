//! Parks once, for the whole interval.
//! Refused: Each tick had unparked its thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct Ticker {
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub fn start(interval: Duration, tick: impl Fn() + Send + 'static) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        let thread = thread::spawn(move || {
            loop {
                thread::park_timeout(interval);
                if flag.load(SeqCst) {
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
        self.stopped.store(true, SeqCst);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
        self.thread.take().map_or(Ok(()), JoinHandle::join)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // After a call of `stop`, there's nothing left to do.
        _ = self.end();
    }
}
