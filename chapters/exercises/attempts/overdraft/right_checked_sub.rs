//! Computes the new balance with `checked_sub`.

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32) -> bool {
    let mut current = balance.load(Relaxed);
    while let Some(rest) = current.checked_sub(amount) {
        match balance.compare_exchange(current, rest, Relaxed, Relaxed) {
            Ok(_) => return true,
            Err(actual) => current = actual,
        }
    }
    false
}
