//! `try_update` is the loop.

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32) -> bool {
    balance.try_update(Relaxed, Relaxed, |current| current.checked_sub(amount)).is_ok()
}
