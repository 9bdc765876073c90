//! Stores the new balance without comparing.
//! Refused: are withdrawn

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32) -> bool {
    let current = balance.load(Relaxed);
    if current < amount {
        return false;
    }
    balance.store(current - amount, Relaxed);
    true
}
