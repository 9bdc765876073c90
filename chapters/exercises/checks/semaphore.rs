//! Checks `semaphore` in five small programs, in every schedule.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use chapters::scheduler::sync::mpsc;
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated, work};
use checks::{Check, Checks};

use super::semaphore::Semaphore;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("It starts with 0 permits. A acquires one, and B releases one.", || {
        check(one_each, "See hints 1 and 3.")
    }),
    Check::new("It starts with 0 permits. A and B acquire one each, and C releases two.", || {
        check(two_of_one, "See hints 1 and 3.")
    }),
    Check::new("It starts with 1 permit. A and B each acquire one, work, and release it.", || {
        check(one_permit, "See hints 1 and 3.")
    }),
    Check::new("It starts with 2 permits. A acquires one, and keeps it until B has acquired one.", || {
        check(two_permits, "There were 2 permits, so A and B could have had one each.")
    }),
    Check::new(
        "It starts with 0 permits. A acquires two at once, and B one. C releases one, waits for B, and releases two more.",
        || check(several, "A needs two permits, and holds none until it has both. B needs one. See hint 4."),
    ),
]);

fn check(program: fn(), blocking: &'static str) -> Result<(), String> {
    all(&Trial::new(program).showing("permits").advice(
        "While there isn't a permit, a thread should wait until another one releases one. See hint 1.",
        "See hint 2.",
        blocking,
    ))
}

fn one_each() {
    let semaphore = Semaphore::new(0);
    thread::scope(|scope| {
        scope.spawn(|| semaphore.acquire());
        scope.spawn(|| semaphore.release());
    });
}

fn two_of_one() {
    let semaphore = Semaphore::new(0);
    thread::scope(|scope| {
        scope.spawn(|| semaphore.acquire());
        scope.spawn(|| semaphore.acquire());
        scope.spawn(|| {
            semaphore.release();
            semaphore.release();
        });
    });
}

fn one_permit() {
    let (semaphore, working) = (Semaphore::new(1), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                semaphore.acquire();
                if working.fetch_add(1, Relaxed) > 0 {
                    let other = if me() == "A" { "B" } else { "A" };
                    violated(&format!("{} works although {other} has the only permit", me()));
                }
                work();
                working.fetch_sub(1, Relaxed);
                semaphore.release();
            });
        }
    });
}

fn two_permits() {
    let semaphore = Semaphore::new(2);
    let (b_has_one, wait_for_b) = mpsc::channel();
    thread::scope(|scope| {
        let semaphore = &semaphore;
        scope.spawn(move || {
            semaphore.acquire();
            wait_for_b.recv().unwrap();
            semaphore.release();
        });
        scope.spawn(move || {
            semaphore.acquire();
            b_has_one.send(1).unwrap();
            semaphore.release();
        });
    });
}

fn several() {
    let semaphore = Semaphore::new(0);
    let (b_has_one, wait_for_b) = mpsc::channel();
    thread::scope(|scope| {
        let semaphore = &semaphore;
        scope.spawn(move || semaphore.acquire_many(2));
        scope.spawn(move || {
            semaphore.acquire();
            b_has_one.send(1).unwrap();
        });
        scope.spawn(move || {
            semaphore.release();
            wait_for_b.recv().unwrap();
            semaphore.release();
            semaphore.release();
        });
    });
}
