//! Checks `countdown` in every schedule.

use std::sync::Arc;

use chapters::scheduler::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, violated};
use checks::{Check, Checks};

use super::countdown::Latch;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A and B count down, and the main thread waits.", || check(&Trial::new(|| count_down(false)))),
    Check::new("The same, but the main thread has a token already.", || check(&Trial::new(|| count_down(true)))),
    Check::new("A stores a value and counts down. Memory is weak.", || check(&Trial::new(publish).with_weak_memory())),
    Check::new("The count is 1. A and B count down, and the main thread waits twice.", || check(&Trial::new(often))),
]);

fn check(trial: &Trial) -> Result<(), String> {
    all(&trial.without_spurious_wakeups().showing("left").advice(
        "While the count isn't zero, the main thread should be parked.",
        "See hint 2.",
        "See hints 1 and 3.",
    ))
}

fn count_down(token: bool) {
    let latch = Arc::new(Latch::new(2));
    let counted = Arc::new(AtomicUsize::new(0));
    if token {
        thread::current().unpark();
    }
    for _ in 0..2 {
        let (latch, counted) = (Arc::clone(&latch), Arc::clone(&counted));
        thread::spawn(move || {
            counted.fetch_add(1, Relaxed);
            latch.count_down();
        });
    }
    latch.wait();
    let missing = 2 - counted.load(Relaxed);
    if missing > 0 {
        let threads = if missing == 1 { "1 thread hasn't" } else { "2 threads haven't" };
        violated(&format!("`wait` returns although {threads} counted down"));
    }
}

fn publish() {
    let latch = Arc::new(Latch::new(1));
    let value = Arc::new(AtomicU32::new(0));
    let (theirs, shared) = (Arc::clone(&latch), Arc::clone(&value));
    thread::spawn(move || {
        shared.store(1, Relaxed);
        theirs.count_down();
    });
    latch.wait();
    if value.load(Relaxed) == 0 {
        violated("main doesn't see what a thread stored before it counted down,");
    }
}

fn often() {
    let latch = Arc::new(Latch::new(1));
    for _ in 0..2 {
        let latch = Arc::clone(&latch);
        thread::spawn(move || latch.count_down());
    }
    latch.wait();
    latch.wait();
}
