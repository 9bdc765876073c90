//! Checks `spin` in every schedule.

use std::sync::atomic::AtomicUsize;

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated, work};
use checks::{Check, Checks};

use super::spin::SpinLock;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A locks and unlocks twice.", || check(&Trial::new(alone))),
    Check::new("A and B lock, work, and unlock.", || check(&Trial::new(exclude))),
    Check::new("A and B lock, add 1 to a value, and unlock. Memory is weak.", || {
        check(&Trial::new(publish).with_weak_memory())
    }),
]);

fn check(trial: &Trial) -> Result<(), String> {
    let trial = trial.without_spurious_wakeups().may_spin().showing("locked");
    all(&trial.forbids(&["sleeps", "parks", "locks ", "tries to lock"]).advice(
        "While the lock is taken, a thread should call `spin_loop` and try again. See hint 1.",
        "See hints 1 and 2.",
        "See hint 1.",
    ))
}

fn alone() {
    let lock = SpinLock::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                lock.lock();
                lock.unlock();
            }
        });
    });
}

fn exclude() {
    let (lock, working) = (SpinLock::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                lock.lock();
                if working.fetch_add(1, Relaxed) > 0 {
                    violated(&format!("{} has the lock, and another thread has the lock as well", me()));
                }
                work();
                working.fetch_sub(1, Relaxed);
                lock.unlock();
            });
        }
    });
}

fn publish() {
    let (lock, value) = (SpinLock::new(), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                lock.lock();
                let seen = value.load(Relaxed);
                value.store(seen + 1, Relaxed);
                lock.unlock();
            });
        }
    });
    let sum = value.load(Relaxed);
    if sum != 2 {
        violated(&format!("the value is {sum}, because a holder doesn't see what the one before wrote,"));
    }
}
