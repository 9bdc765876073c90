//! Checks `idempotent` in every schedule.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use chapters::scheduler::sync::mpsc;
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated, work};
use checks::{Check, Checks};

use super::idempotent::Requests;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A makes request 7 twice.", || check(twice)),
    Check::new("A and B make request 7.", || check(|| same(2))),
    Check::new("A makes request 1, which waits until B has made request 2.", || check(different)),
    Check::new("A makes request 7, which fails, and B makes it with success.", || check(failing)),
    Check::new("A, B, and C make request 7.", || check(|| same(3))),
    Check::new("A makes request 7, whose action panics, and B makes it with success.", || check(panicking)),
]);

fn check(program: fn()) -> Result<(), String> {
    all(&Trial::new(program).showing("results").advice(
        "While a request with the same number is in progress, a thread should wait until it has ended. See hint 2.",
        "See hint 1.",
        "See hints 2 and 3.",
    ))
}

/// An action that may run once.
fn act(performed: &AtomicUsize) -> Option<u32> {
    if performed.fetch_add(1, Relaxed) > 0 {
        violated(&format!("{} performs request 7 a second time", me()));
    }
    work();
    Some(5)
}

fn expect(result: Option<u32>) {
    if result != Some(5) {
        violated(&format!("{} gets {result:?} for request 7, whose result is Some(5)", me()));
    }
}

fn twice() {
    let (requests, performed) = (Requests::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                expect(requests.perform(7, || act(&performed)));
            }
        });
    });
}

fn same(threads: usize) {
    let (requests, performed) = (Requests::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| expect(requests.perform(7, || act(&performed))));
        }
    });
}

fn different() {
    let requests = Requests::new();
    let (b_is_done, wait_for_b) = mpsc::channel();
    thread::scope(|scope| {
        let requests = &requests;
        scope.spawn(move || requests.perform(1, || wait_for_b.recv().ok()));
        scope.spawn(move || {
            let result = requests.perform(2, || Some(3));
            b_is_done.send(9).unwrap();
            if result != Some(3) {
                violated(&format!("B gets {result:?} for request 2, whose result is Some(3)"));
            }
        });
    });
}

fn failing() {
    let (requests, performed) = (Requests::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let failed = requests.perform(7, || None);
            if failed.is_some() && performed.load(Relaxed) == 0 {
                violated(&format!("A gets {failed:?}, which no action returned"));
            }
        });
        scope.spawn(|| expect(requests.perform(7, || act(&performed))));
    });
}

/// The payload of the panic of an action. A panic that's resumed isn't reported.
struct Failed;

fn panicking() {
    let (requests, performed) = (Requests::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut panics = false;
            let performs = panic::catch_unwind(AssertUnwindSafe(|| {
                requests.perform(7, || {
                    panics = true;
                    work();
                    panic::resume_unwind(Box::new(Failed))
                })
            }));
            match performs {
                Ok(_) if panics => violated("A's action panicked, and `perform` returns"),
                Ok(result) => expect(result),
                Err(payload) if payload.is::<Failed>() => {}
                Err(payload) => panic::resume_unwind(payload),
            }
        });
        scope.spawn(|| expect(requests.perform(7, || act(&performed))));
    });
}
