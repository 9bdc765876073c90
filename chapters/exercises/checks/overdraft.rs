//! Checks `overdraft`.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::overdraft::withdraw;

pub fn check() -> Result<(), String> {
    // Nothing in between.
    attempt(100, 80, |_, _| (), (true, 20))?;
    attempt(60, 80, |_, _| (), (false, 60))?;
    // Another thread withdraws first, and then there isn't enough.
    attempt(100, 80, |balance, time| _ = (time == 0).then(|| balance.fetch_sub(80, Relaxed)), (false, 20))?;
    // Another thread changes the balance, and there's still enough.
    attempt(100, 30, |balance, time| _ = (time < 3).then(|| balance.fetch_sub(10, Relaxed)), (true, 40))?;
    // Another thread deposits.
    attempt(100, 80, |balance, time| _ = (time == 0).then(|| balance.fetch_add(5, Relaxed)), (true, 25))
}

/// Withdraws from a balance that another thread changes in the meantime, and compares the result.
fn attempt(before: u32, amount: u32, other: fn(&AtomicU32, u32), expected: (bool, u32)) -> Result<(), String> {
    let (balance, mut times) = (AtomicU32::new(before), 0);
    let withdrawn = withdraw(&balance, amount, || {
        other(&balance, times);
        times += 1;
    });
    let after = balance.into_inner();
    if (withdrawn, after) == expected {
        return Ok(());
    }
    let did = |it| if it { "withdraws" } else { "refuses to withdraw" };
    let meant = format!("it should {} and leave {}", if expected.0 { "withdraw" } else { "refuse" }, expected.1);
    Err(format!("from a balance of {before}, it {} {amount} and leaves {after}; {meant}", did(withdrawn)))
}
