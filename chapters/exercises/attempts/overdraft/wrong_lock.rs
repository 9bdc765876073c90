//! Uses a lock.
//! Refused: `Mutex` isn't from `chapters::scheduler`

use std::sync::Mutex;

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};

static LOCK: Mutex<()> = Mutex::new(());

/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32) -> bool {
    let _guard = LOCK.lock().unwrap();
    let enough = balance.load(Relaxed) >= amount;
    if enough {
        balance.fetch_sub(amount, Relaxed);
    }
    enough
}
