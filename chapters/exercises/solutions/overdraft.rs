//! The balance changes only if it's still the one that was checked.

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};

// ANCHOR: solution
/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32) -> bool {
    let mut current = balance.load(Relaxed);
    while current >= amount {
        match balance.compare_exchange_weak(current, current - amount, Relaxed, Relaxed) {
            Ok(_) => return true,
            Err(actual) => current = actual,
        }
    }
    false
}
// ANCHOR_END: solution
