//! Checks `same_pool`.

use super::same_pool::sum;
use checks::{Check, Checks};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Two threads add up 10 and then 1,000 numbers.", check)
    .or_hangs("Each of the two threads waits for a sum that a thread of the pool would have to compute.")]);

fn check() -> Result<(), String> {
    for numbers in [10, 1_000] {
        let (found, right) = (sum((0..numbers).collect()), numbers * (numbers - 1) / 2);
        if found != right {
            return Err(format!("the numbers below {numbers} add up to {right}, not to {found}"));
        }
    }
    Ok(())
}
