//! Checks `there_and_back`.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use chapters::threads::{Barrier, Lock};

use crate::there_and_back::{Account, transfer};

/// How long a transfer waits for the other one between its two locks, and how long it may take after that.
const MEETING: Duration = Duration::from_secs(1);
/// How long the check watches for money that is in neither account.
const WATCH_TIME: Duration = Duration::from_millis(100);

pub fn check() -> Result<(), String> {
    let accounts: [_; 2] = [1, 2].map(|number| Arc::new(Account { number, balance: Lock::guarding(100) }));
    both_ways(&accounts)?;
    money_is_always_somewhere(&accounts)?;
    to_the_same_account(&accounts[0])?;
    let [one, two] = accounts.map(|account| *account.balance.acquire());
    match (one, two) {
        (70, 130) => Ok(()),
        _ => Err(format!("of 100 cents each, 30 went from 1 to 2: now there are {one} and {two}")),
    }
}

/// Moves ten cents in each direction, and lets the two transfers meet when each has one lock.
fn both_ways([one, two]: &[Arc<Account>; 2]) -> Result<(), String> {
    let meeting = Arc::new(Barrier::new(2));
    let start = Arc::new(Barrier::new(2));
    let (done, ended) = mpsc::channel();
    for (from, to) in [(one, two), (two, one)] {
        let (from, to, done) = (Arc::clone(from), Arc::clone(to), done.clone());
        let (start, meeting) = (Arc::clone(&start), Arc::clone(&meeting));
        thread::spawn(move || {
            start.wait().expect("both arrive");
            // If only one of them gets here, it continues after the timeout.
            let moved = transfer(&from, &to, 10, || _ = meeting.wait_timeout(MEETING));
            let _ = done.send(moved);
        });
    }
    for _ in 0..2 {
        match ended.recv_timeout(2 * MEETING) {
            Ok(true) => {}
            Ok(false) => return Err("there were 100 cents, and it did not move 10".to_owned()),
            Err(_) => {
                let (one, two) = (one.number, two.number);
                let there = format!("one transfer holds account {one} and waits for {two}");
                return Err(format!("{there}, the other holds {two} and waits for {one}"));
            }
        }
    }
    Ok(())
}

/// Moves ten cents from an account to itself.
fn to_the_same_account(account: &Arc<Account>) -> Result<(), String> {
    let before = *account.balance.acquire();
    let (done, ended) = mpsc::channel();
    let its = Arc::clone(account);
    thread::spawn(move || done.send(transfer(&its, &its, 10, || ())));
    match ended.recv_timeout(2 * MEETING) {
        Ok(true) if *account.balance.acquire() == before => Ok(()),
        Ok(true) => Err("a transfer from account 1 to account 1 changed its balance".to_owned()),
        Ok(false) => Err("there were 10 cents, and they did not move from account 1 to account 1".to_owned()),
        Err(_) => Err("a transfer from account 1 to account 1 waits for itself".to_owned()),
    }
}

/// Holds the second account, and watches the first one while a transfer tries to move thirty cents to the second.
fn money_is_always_somewhere([one, two]: &[Arc<Account>; 2]) -> Result<(), String> {
    let before = *one.balance.acquire();
    let held = two.balance.acquire();
    let theirs = [one, two].map(Arc::clone);
    let transfer = thread::spawn(move || transfer(&theirs[0], &theirs[1], 30, || ()));
    let end = Instant::now() + WATCH_TIME;
    while Instant::now() < end {
        match one.balance.acquire_timeout(WATCH_TIME) {
            Some(now) if *now != before => {
                let gone = before - *now;
                return Err(format!("{gone} cents are in neither account: lock both before any money moves"));
            }
            _ => thread::yield_now(),
        }
    }
    drop(held);
    match transfer.join() {
        Ok(true) => Ok(()),
        Ok(false) => Err("there were 100 cents, and it did not move 30".to_owned()),
        Err(_) => Err("it panicked".to_owned()),
    }
}
