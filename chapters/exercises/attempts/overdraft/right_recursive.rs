//! Begins again if the balance has changed.

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32) -> bool {
    let current = balance.load(Relaxed);
    if current < amount {
        return false;
    }
    let changed = balance.compare_exchange(current, current - amount, Relaxed, Relaxed);
    changed.is_ok() || withdraw(balance, amount)
}
