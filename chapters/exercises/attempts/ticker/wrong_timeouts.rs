//! Waits in slices, with a flag.
//! Refused: polls

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chapters::threads::Event;

pub struct Ticker {
    stopped: Arc<Event>,
    thread: JoinHandle<()>,
}

impl Ticker {
    pub fn start(interval: Duration, tick: impl Fn() + Send + 'static) -> Self {
        let stopped = Arc::new(Event::new());
        let event = Arc::clone(&stopped);
        let thread = thread::spawn(move || {
            loop {
                let next = Instant::now() + interval;
                while !event.is_set() && Instant::now() < next {
                    event.wait_timeout((next - Instant::now()).min(Duration::from_millis(200)));
                }
                if event.is_set() {
                    break;
                }
                tick();
            }
        });
        Self { stopped, thread }
    }

    /// Returns when the last tick is over.
    pub fn stop(self) {
        self.stopped.set();
        self.thread.join().unwrap();
    }
}
