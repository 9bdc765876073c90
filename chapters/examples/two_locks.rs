//! Money goes from one account to another and back, each transfer under two locks: `cargo run --example two_locks`.
//!
//! First the two transfers take the locks in opposite orders. Both have their first one before either takes the second,
//! so they wait for each other every time. They have a timeout, or the program would never end.

use std::thread;
use std::time::Duration;

use chapters::threads::{Barrier, Lock};

/// How long a transfer waits for its second lock.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many transfers there are in each direction once they take the locks in one order.
const TRANSFERS: u32 = 200_000;

struct Account {
    number: u32,
    balance: Lock<i64>,
}

// ANCHOR: transfer
/// Moves one cent: locks the account that it comes from, and then the one that it goes to.
fn transfer(from: &Account, to: &Account, meet: &Barrier) -> Result<(), String> {
    let mut source = from.balance.acquire();
    meet.wait().expect("both come"); // each has its first lock
    let target = to.balance.acquire_timeout(PATIENCE);
    meet.wait().expect("both come"); // neither gives up before the other has tried
    let (held, wanted) = (from.number, to.number);
    let mut target = target.ok_or(format!("holds account {held} and waits for account {wanted}"))?;
    *source -= 1;
    *target += 1;
    Ok(())
}
// ANCHOR_END: transfer

// ANCHOR: in_order
/// Moves one cent: locks the account with the smaller number first, whichever way the money goes.
fn transfer_in_order(from: &Account, to: &Account) {
    let (mut source, mut target);
    if from.number < to.number {
        source = from.balance.acquire();
        target = to.balance.acquire();
    } else {
        target = to.balance.acquire();
        source = from.balance.acquire();
    }
    *source -= 1;
    *target += 1;
}
// ANCHOR_END: in_order

fn main() {
    let accounts = [1, 2].map(|number| Account { number, balance: Lock::guarding(100) });
    let [one, two] = &accounts;

    println!("in opposite orders, each with {PATIENCE:?} for its second lock:");
    let meet = Barrier::new(2);
    thread::scope(|scope| {
        let there = scope.spawn(|| transfer(one, two, &meet));
        let back = scope.spawn(|| transfer(two, one, &meet));
        for (name, transfer) in [("1 to 2", there), ("2 to 1", back)] {
            match transfer.join().expect("no transfer panics") {
                Ok(()) => println!("  {name}: done"),
                Err(who_waits) => println!("  {name}: {who_waits}"),
            }
        }
    });

    println!("in one order:");
    let both = |from, to| {
        meet.wait().expect("both come");
        (0..TRANSFERS).for_each(|_| transfer_in_order(from, to));
    };
    thread::scope(|scope| {
        scope.spawn(|| both(one, two));
        scope.spawn(|| both(two, one));
    });
    let total = *one.balance.acquire() + *two.balance.acquire();
    println!("  {TRANSFERS} each way: done, and both accounts together have {total} cents, as before");
}
