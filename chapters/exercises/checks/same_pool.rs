//! Checks `same_pool`.

use crate::same_pool::sum;

pub fn check() -> Result<(), String> {
    for numbers in [10, 1_000] {
        let (found, right) = (sum((0..numbers).collect()), numbers * (numbers - 1) / 2);
        if found != right {
            return Err(format!("the numbers below {numbers} add up to {right}, not to {found}"));
        }
    }
    Ok(())
}
