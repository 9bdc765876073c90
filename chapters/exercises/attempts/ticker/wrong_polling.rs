//! Looks at the flag a hundred times a second.
//! Refused: polls instead of waiting

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
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
                while !flag.load(Relaxed) && Instant::now() < next {
                    thread::sleep((next - Instant::now()).min(Duration::from_millis(10)));
                }
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
