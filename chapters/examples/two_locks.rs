//! Two threads move money between two accounts, in opposite directions: `cargo run --example two_locks`.
//!
//! First, each transfer locks the account that it takes from and then the other one, until both threads are deadlocked.
//! Then each transfer locks the account with the smaller number first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use chapters::threads::Lock;

/// After this long without a transfer, the threads count as deadlocked.
const STILL: Duration = Duration::from_millis(500);

/// How many transfers there are in each direction when the locks are taken in one order.
const TRANSFERS: u32 = 200_000;

struct Account {
    number: u32,
    balance: Lock<i64>,
}

// ANCHOR: transfer
fn transfer(from: &Account, to: &Account, amount: i64) {
    let mut source = from.balance.acquire();
    let mut target = to.balance.acquire();
    *source -= amount;
    *target += amount;
}
// ANCHOR_END: transfer

// ANCHOR: in_order
fn transfer_in_order(from: &Account, to: &Account, amount: i64) {
    if from.number == to.number {
        return;
    }
    let (first, second) = if from.number < to.number { (from, to) } else { (to, from) };
    let (mut first_balance, mut second_balance) = (first.balance.acquire(), second.balance.acquire());
    let (source, target) = if from.number < to.number {
        (&mut *first_balance, &mut *second_balance)
    } else {
        (&mut *second_balance, &mut *first_balance)
    };
    *source -= amount;
    *target += amount;
}
// ANCHOR_END: in_order

fn accounts() -> [Account; 2] {
    [1, 2].map(|number| Account { number, balance: Lock::guarding(100) })
}

/// Has two threads transfer money in opposite directions until they deadlock. They're never joined, because they
/// never end.
fn until_deadlock() {
    let (accounts, last) = (Arc::new(accounts()), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    for (from, to) in [(0, 1), (1, 0)] {
        let (accounts, last) = (Arc::clone(&accounts), Arc::clone(&last));
        thread::spawn(move || {
            loop {
                transfer(&accounts[from], &accounts[to], 1);
                last.fetch_max(start.elapsed().as_micros() as u64, Relaxed);
            }
        });
    }
    while start.elapsed().saturating_sub(Duration::from_micros(last.load(Relaxed))) < STILL {
        thread::sleep(STILL / 10);
    }
    assert!(accounts.iter().all(|account| account.balance.is_locked()), "each thread holds a lock");
    println!("  no transfer since {:.1} ms, and both accounts are locked", last.load(Relaxed) as f64 / 1e3);
}

fn main() {
    chapters::environment::prepare_example();
    println!("each transfer locks the account that it takes from first:");
    until_deadlock();

    println!("each transfer locks the account with the smaller number first:");
    let [one, two] = &accounts();
    let make_all = |from, to| (0..TRANSFERS).for_each(|_| transfer_in_order(from, to, 1));
    thread::scope(|scope| {
        scope.spawn(|| make_all(one, two));
        scope.spawn(|| make_all(two, one));
    });
    let total = *one.balance.acquire() + *two.balance.acquire();
    println!("  {TRANSFERS} transfers each way, and the accounts still hold {total} together");
}

/// Run by `tests/examples.rs`.
#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_transfer_to_the_same_account_does_not_wait_for_itself() {
        let (done, ended) = mpsc::channel();
        thread::spawn(move || {
            let [account, _] = accounts();
            transfer_in_order(&account, &account, 10);
            let _ = done.send(*account.balance.acquire());
        });
        assert_eq!(ended.recv_timeout(Duration::from_secs(60)), Ok(100));
    }
}
