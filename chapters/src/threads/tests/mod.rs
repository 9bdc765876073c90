//! What the primitives and the queues do that only threads can tell of. What they have in common with those of the other
//! worlds is in the contracts, and every order in which threads can meet is in the models, both in `chapters/tests`.
//!
//! The tests stand apart from what they test, since the models compile that a second time.

mod barrier;
mod condition;
mod event;
mod lock;
mod queue;
mod rlock;
mod semaphore;
mod simple_queue;

use std::thread;
use std::time::Duration;

use super::*;

/// Never passes in a test that succeeds.
const LONG: Duration = Duration::from_secs(30);
/// Passes.
const SHORT: Duration = Duration::from_millis(1);

/// Waits until something is done that another thread will do soon.
fn until(done: impl Fn() -> bool) {
    while !done() {
        thread::yield_now();
    }
}
