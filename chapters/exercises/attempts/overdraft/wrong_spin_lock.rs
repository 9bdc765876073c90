//! Tries until it succeeds, even if there isn't enough.
//! Refused: polls

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32) -> bool {
    loop {
        let current = balance.load(Relaxed);
        if current >= amount && balance.compare_exchange(current, current - amount, Relaxed, Relaxed).is_ok() {
            return true;
        }
    }
}
