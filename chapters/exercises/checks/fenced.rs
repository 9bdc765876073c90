//! Checks `fenced` in every schedule.

use chapters::scheduler::sync::atomic::{AtomicBool, Ordering::Relaxed};
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, violated};
use checks::{Check, Checks};

use super::fenced::Store;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A, with token 1, and B, with token 2, each read the total and write a larger one.", || check(both)),
    Check::new("B reads with token 2. Then A writes with token 1.", || check(too_late)),
    Check::new("B writes with token 2. Then A reads with token 1.", || check(stale)),
    Check::new("A reads, writes, and reads with token 3, and then B does with token 5.", || check(holder)),
]);

fn check(program: fn()) -> Result<(), String> {
    all(&Trial::new(program).without_spurious_wakeups().showing("total").advice(
        "A request that's refused should return at once.",
        "A request that reads makes older tokens invalid as well, and nothing may come between the comparison and the \
         access. See hints 1 and 2.",
        "",
    ))
}

/// Adds to the total, and returns how much was added.
fn add(store: &Store, token: u32, amount: u32) -> u32 {
    let written = store.read(token).is_some_and(|total| store.write(token, total + amount));
    if written { amount } else { 0 }
}

fn both() {
    let store = Store::new();
    let added: u32 = thread::scope(|scope| {
        let store = &store;
        let threads = [(1, 10), (2, 1)].map(|(token, amount)| scope.spawn(move || add(store, token, amount)));
        threads.map(|thread| thread.join().unwrap_or_default()).iter().sum()
    });
    match store.read(2) {
        Some(total) if total == added => {}
        Some(total) => violated(&format!("the store says that {added} was added, but the total is {total}")),
        None => violated("token 2 is refused although no token is higher"),
    }
    if added.is_multiple_of(10) {
        violated("B's write with token 2 is refused although no token is higher");
    }
}

/// A's request comes after B's has returned in some schedules. This says in which.
fn too_late() {
    let (store, returned) = (Store::new(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let is_late = returned.load(Relaxed);
            if store.write(1, 10) && is_late {
                violated("A writes with token 1 after token 2 has been used");
            }
        });
        scope.spawn(|| {
            let first = store.read(2);
            returned.store(true, Relaxed);
            let second = store.read(2);
            if first != second {
                violated(&format!("B reads {first:?} and then {second:?}, so A has written in between"));
            }
        });
    });
}

fn stale() {
    let (store, returned) = (Store::new(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let is_late = returned.load(Relaxed);
            if store.read(1).is_some() && is_late {
                violated("A reads with token 1 after token 2 has been used");
            }
        });
        scope.spawn(|| {
            if !store.write(2, 1) {
                violated("B's write with token 2 is refused although no token is higher");
            }
            returned.store(true, Relaxed);
        });
    });
}

fn holder() {
    let store = Store::new();
    for (who, token, before, after) in [("A", 3, 0, 4), ("B", 5, 4, 6)] {
        let steps = (store.read(token), store.write(token, after), store.read(token));
        if steps != (Some(before), true, Some(after)) {
            violated(&format!(
                "{who} has the highest token, but gets {steps:?} instead of {:?}",
                (before, true, after)
            ));
        }
    }
    if store.read(4).is_some() || store.write(4, 9) || store.read(5) != Some(6) {
        violated("token 4 is accepted after token 5");
    }
}
