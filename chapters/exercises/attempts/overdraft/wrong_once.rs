//! Gives up if the balance has changed.
//! Refused: is refused although there is enough

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32) -> bool {
    let current = balance.load(Relaxed);
    current >= amount && balance.compare_exchange(current, current - amount, Relaxed, Relaxed).is_ok()
}
