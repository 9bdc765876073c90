//! Waits for the end of a channel.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub fn start(interval: Duration, tick: impl Fn() + Send + 'static) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                tick();
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }

    /// Returns when the last tick is over.
    pub fn stop(mut self) {
        self.end().unwrap();
    }

    fn end(&mut self) -> thread::Result<()> {
        self.stop = None;
        self.thread.take().map_or(Ok(()), JoinHandle::join)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // After a call of `stop`, there's nothing left to do.
        _ = self.end();
    }
}
