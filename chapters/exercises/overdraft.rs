//! Two threads withdraw from an account at the same time, and the balance falls below zero, which for a `u32` means that
//! it becomes very large.
//!
//! Fix `withdraw` without a lock. Another thread may do anything between two operations on the balance: `interrupt`
//! stands for it, so call it after you have loaded the balance, and before you change it.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Takes `amount` from the balance if there's enough, and returns whether it did.
pub fn withdraw(balance: &AtomicU32, amount: u32, mut interrupt: impl FnMut()) -> bool {
    let enough = balance.load(Relaxed) >= amount;
    interrupt();
    if enough {
        balance.fetch_sub(amount, Relaxed);
    }
    enough
}
