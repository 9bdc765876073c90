//! Checks `no_end`.

use crate::no_end::sum;

pub fn check() -> Result<(), String> {
    match sum(1_000) {
        499_500 => Ok(()),
        other => Err(format!("the numbers from 0 to 999 add up to 499500, not to {other}")),
    }
}
