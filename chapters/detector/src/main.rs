//! Lets parking_lot find a deadlock: `cargo run -p detector`.
//!
//! The program is a package of its own because parking_lot's feature `deadlock_detection` slows every lock down, and
//! Cargo enables a feature for all packages that it builds together.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use parking_lot::{Mutex, deadlock};

static CHECKING: Mutex<u32> = Mutex::new(100);
static SAVINGS: Mutex<u32> = Mutex::new(100);

/// Each thread holds one lock when it gets here, so that the deadlock happens every time.
static BOTH_HOLD_ONE: Barrier = Barrier::new(2);

fn save(amount: u32) {
    let mut checking = CHECKING.lock();
    BOTH_HOLD_ONE.wait();
    let mut savings = SAVINGS.lock();
    *checking -= amount;
    *savings += amount;
}

fn total() -> u32 {
    let savings = SAVINGS.lock();
    BOTH_HOLD_ONE.wait();
    let checking = CHECKING.lock();
    *checking + *savings
}

// ANCHOR: detect
/// Checks every 100 ms whether threads have deadlocked, and reports the first deadlock.
fn detect() {
    loop {
        thread::sleep(Duration::from_millis(100));
        let deadlocks = deadlock::check_deadlock();
        let Some(threads) = deadlocks.first() else { continue };
        println!("{} threads have deadlocked", threads.len());
        for thread in threads {
            println!("\n{:?}:\n{:?}", thread.thread_id(), thread.backtrace());
        }
        return;
    }
}
// ANCHOR_END: detect

fn main() {
    thread::spawn(|| save(10));
    thread::spawn(total);
    detect();
}
