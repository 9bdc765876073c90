//! Checks `overdraft` in every schedule.

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated};
use checks::{Check, Checks};

use super::overdraft::withdraw;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("The balance is 100. A withdraws 80, and so does B.", || check(|| both(100, [80, 80]))),
    Check::new("The balance is 100. A withdraws 30, and B withdraws 40.", || check(|| both(100, [30, 40]))),
    Check::new("The balance is 60. A withdraws 80, and B looks at the balance.", || check(refused)),
    Check::new("The balance is 100. A withdraws 30, and B withdraws 10 three times.", || check(busy)),
]);

fn check(program: fn()) -> Result<(), String> {
    all(&Trial::new(program).without_spurious_wakeups().showing("balance").advice(
        "If there isn't enough, `withdraw` returns false at once.",
        "Another thread may change the balance between any two operations. See hint 1.",
        "",
    ))
}

fn both(before: u32, amounts: [u32; 2]) {
    let balance = AtomicU32::new(before);
    let withdrawn = thread::scope(|scope| {
        amounts
            .map(|amount| {
                scope.spawn({
                    let balance = &balance;
                    move || withdraw(balance, amount)
                })
            })
            .map(|thread| thread.join().unwrap_or(false))
    });
    let sum: u32 = withdrawn.iter().zip(amounts).filter(|(withdrawn, _)| **withdrawn).map(|(_, amount)| amount).sum();
    let after = balance.into_inner();
    if sum > before || after != before - sum {
        violated(&format!("{sum} of {before} are withdrawn, and the balance is {after},"));
    }
    let possible = amounts.iter().sum::<u32>() <= before;
    if possible && sum < amounts.iter().sum() || sum == 0 {
        violated("a withdrawal is refused although there is enough,");
    }
}

fn refused() {
    let balance = AtomicU32::new(60);
    thread::scope(|scope| {
        scope.spawn(|| {
            if withdraw(&balance, 80) {
                violated(&format!("{} withdraws 80 of 60", me()));
            }
        });
        scope.spawn(|| {
            let seen = balance.load(Relaxed);
            if seen != 60 {
                violated(&format!("the balance is {seen}, although nothing can be withdrawn,"));
            }
        });
    });
}

fn busy() {
    let balance = AtomicU32::new(100);
    thread::scope(|scope| {
        scope.spawn(|| {
            if !withdraw(&balance, 30) {
                violated("a withdrawal is refused although there is enough,");
            }
        });
        scope.spawn(|| (0..3).for_each(|_| _ = balance.fetch_sub(10, Relaxed)));
    });
    let after = balance.into_inner();
    if after != 40 {
        violated(&format!("60 of 100 are withdrawn, and the balance is {after},"));
    }
}
