//! Checks `there_and_back` in every schedule.

use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, violated};
use checks::{Check, Checks};

use super::there_and_back::{Account, transfer};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A moves 10 cents from account 1 to account 2, and B moves 30 back.", || {
        check(both_ways, ["", "See hint 1."])
    }),
    Check::new("A moves 40 cents from account 1 to account 2, and B looks at both.", || {
        check(watched, ["Both accounts must be locked before any money moves.", "See hint 1."])
    }),
    Check::new("A moves 10 cents from account 1 to itself, and then 150.", || {
        check(to_itself, ["See hint 3.", "See hint 3."])
    }),
    Check::new("A moves 150 cents, but there are only 100.", || check(too_much, ["", "See hint 1."])),
]);

/// Checks a program. The advice is for a schedule that fails, and for one in which a thread waits forever.
fn check(program: fn(), [failing, blocking]: [&'static str; 2]) -> Result<(), String> {
    all(&Trial::new(program).without_spurious_wakeups().advice(
        "A transfer should wait for a lock instead of trying again.",
        failing,
        blocking,
    ))
}

/// Two accounts with 100 cents each.
fn accounts() -> [Account; 2] {
    let account_1 = Mutex::new(100);
    let account_2 = Mutex::new(100);
    [Account { number: 1, balance: account_1 }, Account { number: 2, balance: account_2 }]
}

fn expect([one, two]: &[Account; 2], balances: (u64, u64)) {
    let found = (*one.balance.lock().unwrap(), *two.balance.lock().unwrap());
    if found != balances {
        violated(&format!("the balances are {} and {} instead of {} and {}", found.0, found.1, balances.0, balances.1));
    }
}

fn both_ways() {
    let accounts = accounts();
    let [one, two] = &accounts;
    thread::scope(|scope| {
        for (from, to, cents) in [(one, two, 10), (two, one, 30)] {
            scope.spawn(move || {
                if !transfer(from, to, cents) {
                    violated(&format!("there were 100 cents, and {cents} weren't moved"));
                }
            });
        }
    });
    expect(&accounts, (120, 80));
}

fn watched() {
    let accounts = accounts();
    let [one, two] = &accounts;
    thread::scope(|scope| {
        scope.spawn(|| transfer(one, two, 40));
        scope.spawn(|| {
            let first = one.balance.lock().unwrap();
            let Ok(second) = two.balance.try_lock() else { return };
            let sum = *first + *second;
            if sum != 200 {
                violated(&format!("{} cents are in neither account", 200 - sum));
            }
        });
    });
    expect(&accounts, (60, 140));
}

fn to_itself() {
    let accounts = accounts();
    thread::scope(|scope| {
        scope.spawn(|| {
            if !transfer(&accounts[0], &accounts[0], 10) {
                violated("account 1 has 100 cents, and 10 can't be moved from it to itself");
            }
            if transfer(&accounts[0], &accounts[0], 150) {
                violated("150 of 100 cents were moved from account 1 to itself");
            }
        });
    });
    expect(&accounts, (100, 100));
}

fn too_much() {
    let accounts = accounts();
    thread::scope(|scope| {
        scope.spawn(|| {
            if transfer(&accounts[0], &accounts[1], 150) {
                violated("150 of 100 cents were moved");
            }
        });
    });
    expect(&accounts, (100, 100));
}
