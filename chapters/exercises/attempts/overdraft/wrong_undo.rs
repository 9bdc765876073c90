//! Withdraws first, and gives the money back if there wasn't enough.
//! Refused: the balance is

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32) -> bool {
    let before = balance.fetch_sub(amount, Relaxed);
    let enough = before >= amount;
    if !enough {
        balance.fetch_add(amount, Relaxed);
    }
    enough
}
