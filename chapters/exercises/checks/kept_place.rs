//! Checks `kept_place` in every schedule.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated, work};
use checks::{Check, Checks};

use super::kept_place::Kitchen;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("There is 1 place. A's dish panics, and B cooks.", || check(|| cook(1, 2))),
    Check::new("There is 1 place. A's dish panics, and B and C cook.", || check_without_spurious(|| cook(1, 3))),
    Check::new("There are 2 places. A's dish panics, and B and C cook.", || check_without_spurious(|| cook(2, 3))),
    Check::new("There are 2 places, and A cooks in one of them while B does in the other.", || check(together)),
]);

const fn trial(program: fn()) -> Trial {
    Trial::new(program).showing("free").advice(
        "While the kitchen is full, a cook should wait until another one leaves.",
        "See hint 2.",
        "However a dish ends, its place becomes free, and a waiting cook is notified. See hints 1 and 3.",
    )
}

fn check(program: fn()) -> Result<(), String> {
    all(&trial(program))
}

/// With three threads, there are very many schedules. Two threads are enough to find a cook who doesn't expect them.
fn check_without_spurious(program: fn()) -> Result<(), String> {
    all(&trial(program).without_spurious_wakeups())
}

/// The payload of the panic of a dish. A panic that's resumed isn't reported.
struct Burnt;

/// Lets cooks cook. The first one panics.
fn cook(places: usize, cooks: usize) {
    let (kitchen, cooking) = (Kitchen::new(places), AtomicUsize::new(0));
    let cook = |panics: bool| {
        kitchen.cook(|| {
            if cooking.fetch_add(1, Relaxed) >= places {
                violated(&format!("more cooks than there are places cook at the same time: {} is one of them,", me()));
            }
            work();
            cooking.fetch_sub(1, Relaxed);
            if panics {
                panic::resume_unwind(Box::new(Burnt));
            }
        });
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let cooked = panic::catch_unwind(AssertUnwindSafe(|| cook(true)));
            match cooked {
                Err(panic) if panic.is::<Burnt>() => {}
                Err(panic) if !panic.is::<&str>() => panic::resume_unwind(panic),
                _ => violated("the panic of the dish doesn't reach the caller of `cook`"),
            }
        });
        (1..cooks).for_each(|_| _ = scope.spawn(|| cook(false)));
    });
}

/// Lets A cook until B has cooked, in the other place.
fn together() {
    let kitchen = Kitchen::new(2);
    let (done, wait) = chapters::scheduler::sync::mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| kitchen.cook(move || wait.recv().unwrap()));
        scope.spawn(|| kitchen.cook(move || done.send(1).unwrap()));
    });
}
