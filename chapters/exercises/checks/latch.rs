//! Checks `latch` in every schedule.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated, work};
use checks::{Check, Checks};

use super::latch::Latch;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("The count is 1. A waits, and B counts down.", || check(|| opens(1, 1), "See hint 1.")),
    Check::new("The count is 1. A and B wait, and C counts down.", || check(|| opens(2, 1), "See hints 1 and 3.")),
    Check::new("The count is 2. A waits, and B and C count down.", || check(|| opens(1, 2), "See hints 1 and 2.")),
    Check::new("The count is 1. A counts down twice and waits.", || check(twice, "The latch was open already.")),
]);

fn check(program: fn(), blocking: &'static str) -> Result<(), String> {
    all(&Trial::new(program).showing("left").advice(
        "While the count isn't zero, a thread should wait until another one notifies it. See hint 1.",
        "See hints 1 and 2.",
        blocking,
    ))
}

fn opens(waiting: usize, count: usize) {
    let (latch, counted) = (Latch::new(count), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..waiting {
            scope.spawn(|| {
                latch.wait();
                let missing = count - counted.load(Relaxed);
                if missing > 0 {
                    let threads = if missing == 1 { "1 thread hasn't" } else { "2 threads haven't" };
                    violated(&format!("`wait` of {} returns, although {threads} counted down,", me()));
                }
            });
        }
        for _ in 0..count {
            scope.spawn(|| {
                work();
                counted.fetch_add(1, Relaxed);
                latch.count_down();
            });
        }
    });
}

fn twice() {
    let latch = Latch::new(1);
    thread::scope(|scope| {
        scope.spawn(|| {
            latch.count_down();
            latch.count_down();
            latch.wait();
        });
    });
}
