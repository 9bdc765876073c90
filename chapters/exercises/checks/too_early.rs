//! Checks `too_early` in every schedule.

use chapters::scheduler::sync::{Condvar, Mutex};
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated};
use checks::{Check, Checks};

use super::too_early::carry;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("The pile is 2 high. A carries 3, and B adds 2.", || check(|| add(2, &[2]))),
    Check::new("The pile is 3 high already. A carries 3.", || check(|| add(3, &[]))),
    Check::new("The pile is 1 high. A carries 3, and B adds 1 twice.", || check(|| add(1, &[1, 1]))),
    Check::new("The pile is 0 high. A carries 3, and B adds 1 four times.", || check(|| add(0, &[1, 1, 1, 1]))),
    Check::new("The pile is 0 high. A and B carry 3 each, and C adds 6.", || {
        check_with(two_loads, "The pile was high enough for both. See hint 3.")
    }),
]);

fn check(program: fn()) -> Result<(), String> {
    check_with(program, "The pile is high enough for A. See hint 2.")
}

fn check_with(program: fn(), blocking: &'static str) -> Result<(), String> {
    all(&Trial::new(program).showing("pile").advice(
        "While the pile is too low, a worker should wait until it's notified.",
        "A thread may wake up although the pile isn't high enough. See hint 1.",
        blocking,
    ))
}

const LOAD: u64 = 3;

/// Lets A carry, and B add to the pile, with a notification each time.
fn add(height: u64, more: &[u64]) {
    let pile = Mutex::new(height);
    let higher = Condvar::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let carried = carry(&pile, &higher, LOAD);
            if carried != LOAD {
                violated(&format!("{} carries {carried} of {LOAD}", me()));
            }
        });
        if !more.is_empty() {
            scope.spawn(|| {
                for more in more {
                    *pile.lock().unwrap() += more;
                    higher.notify_one();
                }
            });
        }
    });
    let left = *pile.lock().unwrap();
    if left != height + more.iter().sum::<u64>() - LOAD {
        violated(&format!("{left} are left"));
    }
}

/// Lets A and B carry, and C add enough for both, with one notification.
fn two_loads() {
    let pile = Mutex::new(0);
    let higher = Condvar::new();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let carried = carry(&pile, &higher, LOAD);
                if carried != LOAD {
                    violated(&format!("{} carries {carried} of {LOAD}", me()));
                }
            });
        }
        scope.spawn(|| {
            *pile.lock().unwrap() += 2 * LOAD;
            higher.notify_one();
        });
    });
}
