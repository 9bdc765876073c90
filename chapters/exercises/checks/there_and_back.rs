//! Looks at `there_and_back`.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use chapters::threads::{Barrier, Lock};

use crate::there_and_back::{Account, transfer};

/// How long the two transfers may meet between their locks. If they have met, how long they may take from there.
const MEETING: Duration = Duration::from_secs(1);
/// How long somebody looks for money that is in neither account.
const LOOK: Duration = Duration::from_millis(100);

pub fn check() -> Result<(), String> {
    let accounts: [_; 2] = [1, 2].map(|number| Arc::new(Account { number, balance: Lock::guarding(100) }));
    both_ways(&accounts)?;
    money_is_always_somewhere(&accounts)?;
    let [one, two] = accounts.map(|account| *account.balance.acquire());
    match (one, two) {
        (70, 130) => Ok(()),
        _ => Err(format!("of 100 cents each, 30 went from 1 to 2: now there are {one} and {two}")),
    }
}

/// Moves ten cents there and ten back, and lets the two transfers meet where each has one lock.
fn both_ways([one, two]: &[Arc<Account>; 2]) -> Result<(), String> {
    let meeting = Arc::new(Barrier::new(2));
    let start = Arc::new(Barrier::new(2));
    let (done, ended) = mpsc::channel();
    for (from, to) in [(one, two), (two, one)] {
        let (from, to, done) = (Arc::clone(from), Arc::clone(to), done.clone());
        let (start, meeting) = (Arc::clone(&start), Arc::clone(&meeting));
        thread::spawn(move || {
            start.wait().expect("both come");
            // Whoever comes alone goes on alone.
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

/// Holds the second account, and looks at the first one while thirty cents are to go from there to it.
fn money_is_always_somewhere([one, two]: &[Arc<Account>; 2]) -> Result<(), String> {
    let before = *one.balance.acquire();
    let held = two.balance.acquire();
    let theirs = [one, two].map(Arc::clone);
    let transfer = thread::spawn(move || transfer(&theirs[0], &theirs[1], 30, || ()));
    let end = Instant::now() + LOOK;
    while Instant::now() < end {
        match one.balance.acquire_timeout(LOOK) {
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
