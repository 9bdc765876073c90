//! Checks `lock_both` in every schedule.

use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated};
use checks::{Check, Checks};

use super::lock_both::lock_both;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A locks two mutexes.", || check(alone)),
    Check::new("A locks two mutexes, and B locks the same ones in the other order.", || check(both_orders)),
    Check::new("A, B, and C lock two of three mutexes each, in a circle.", || check(in_a_circle)),
]);

fn check(program: fn()) -> Result<(), String> {
    all(&Trial::new(program).without_spurious_wakeups().advice(
        "A call should wait for each of the two mutexes, with `lock`.",
        "",
        "See hint 1.",
    ))
}

fn alone() {
    let mutexes = [Mutex::new('a'), Mutex::new('b')];
    thread::scope(|scope| {
        for (one, two) in [(0, 1), (1, 0)] {
            let mutexes = &mutexes;
            let locks = scope.spawn(move || {
                let (first, second) = lock_both(&mutexes[one], &mutexes[two]);
                if [*first, *second] != [one, two].map(|place| ['a', 'b'][place]) {
                    violated("the guards are not in the order of the arguments");
                }
                let is_free = mutexes.iter().any(|mutex| mutex.try_lock().is_ok());
                if is_free {
                    violated(&format!("{} has both guards, and one of the mutexes isn't locked", me()));
                }
            });
            _ = locks.join();
        }
    });
}

fn both_orders() {
    let mutexes = [Mutex::new('a'), Mutex::new('b')];
    thread::scope(|scope| {
        for (one, two) in [(0, 1), (1, 0)] {
            let mutexes = &mutexes;
            scope.spawn(move || drop(lock_both(&mutexes[one], &mutexes[two])));
        }
    });
}

fn in_a_circle() {
    let mutexes = [Mutex::new('a'), Mutex::new('b'), Mutex::new('c')];
    thread::scope(|scope| {
        for (one, two) in [(0, 1), (1, 2), (2, 0)] {
            let mutexes = &mutexes;
            scope.spawn(move || drop(lock_both(&mutexes[one], &mutexes[two])));
        }
    });
}
