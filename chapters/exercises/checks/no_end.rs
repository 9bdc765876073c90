//! Checks `no_end`.

use super::no_end::sum;
use checks::{Check, Checks};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Four workers add up the numbers below 1,000.", check)
    .or_hangs("The workers wait for another number, because the queue still has a sender.")]);

fn check() -> Result<(), String> {
    match sum(1_000) {
        499_500 => Ok(()),
        other => Err(format!("the numbers from 0 to 999 add up to 499500, not to {other}")),
    }
}
