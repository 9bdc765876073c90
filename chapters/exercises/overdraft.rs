//! Two threads withdraw from an account at the same time, and the balance falls below zero, which for a `u32` means
//! that it becomes very large.
//!
//! Fix `withdraw` without a lock. No thread may ever see a balance that doesn't result from successful withdrawals.

use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32) -> bool {
    let enough = balance.load(Relaxed) >= amount;
    if enough {
        balance.fetch_sub(amount, Relaxed);
    }
    enough
}
