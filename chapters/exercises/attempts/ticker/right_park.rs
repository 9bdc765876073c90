//! Parks until the interval is over, and is unparked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

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
                let next = Instant::now() + interval;
                while !flag.load(SeqCst) && Instant::now() < next {
                    thread::park_timeout(next - Instant::now());
                }
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
