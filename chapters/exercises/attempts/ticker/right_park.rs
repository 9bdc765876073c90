//! Parks until the interval is over, and is unparked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

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
        Self { stopped, thread }
    }

    /// Returns when the last tick is over.
    pub fn stop(self) {
        self.stopped.store(true, SeqCst);
        self.thread.thread().unpark();
        self.thread.join().unwrap();
    }
}
