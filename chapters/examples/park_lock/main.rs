//! A lock made of one atomic, a queue, and `park`: `cargo run --example park_lock`.
//!
//! Two threads add to a counter in two steps, with the lock held. `chapters/tests/loom_threads/park_lock.rs` runs the same
//! lock under loom.

mod lock;

mod parts {
    pub use std::sync::atomic::{AtomicBool, Ordering};
    pub use std::thread::{self, Thread};

    pub use crossbeam::queue::SegQueue as Waiters;
}

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

use lock::ParkLock;

/// How many additions each thread makes.
const ADDITIONS: u32 = 100_000;

fn main() {
    let (lock, total) = (ParkLock::default(), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..ADDITIONS {
                    lock.lock();
                    total.store(total.load(Relaxed) + 1, Relaxed);
                    lock.unlock();
                }
            });
        }
    });
    println!("{} additions", total.into_inner());
}
