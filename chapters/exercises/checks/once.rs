//! Checks `once` in every schedule.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated, work};
use checks::{Check, Checks};

use super::once::Once;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A calls `call_once` twice.", || check(twice)),
    Check::new("A and B call `call_once`.", || check(|| call(2))),
    Check::new("A, B, and C call `call_once`.", || check(|| call(3))),
    Check::new("A's function panics, and B's function doesn't.", || check(panicking)),
]);

fn check(program: fn()) -> Result<(), String> {
    all(&Trial::new(program).showing("state").advice(
        "While the function is running, a thread should wait until it has run. See hint 2.",
        "See hint 1.",
        "See hints 2 and 3.",
    ))
}

/// The function: counts how far it has run, which takes a step.
fn run(begun: &AtomicUsize, done: &AtomicUsize) {
    if begun.fetch_add(1, Relaxed) > 0 {
        violated("the function runs twice");
    }
    work();
    done.fetch_add(1, Relaxed);
}

fn expect(done: &AtomicUsize) {
    if done.load(Relaxed) == 0 {
        violated(&format!("`call_once` of {} returns before the function has run", me()));
    }
}

fn twice() {
    let (once, begun, done) = (Once::new(), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                once.call_once(|| run(&begun, &done));
                expect(&done);
            }
        });
    });
}

fn call(threads: usize) {
    let (once, begun, done) = (Once::new(), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                once.call_once(|| run(&begun, &done));
                expect(&done);
            });
        }
    });
}

/// The payload of the panic of a function. A panic that's resumed isn't reported.
struct Failed;

fn panicking() {
    let (once, begun, done) = (Once::new(), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut panics = false;
            let call = panic::catch_unwind(AssertUnwindSafe(|| {
                once.call_once(|| {
                    panics = true;
                    work();
                    panic::resume_unwind(Box::new(Failed));
                });
            }));
            match call {
                Ok(()) if panics => violated("A's function panicked, and its `call_once` returns"),
                Ok(()) => expect(&done),
                Err(payload) if payload.is::<Failed>() => {}
                Err(payload) => panic::resume_unwind(payload),
            }
        });
        scope.spawn(|| {
            once.call_once(|| run(&begun, &done));
            expect(&done);
        });
    });
}
