//! Checks `end_of_pipe`.

use super::end_of_pipe::sum;
use checks::{Check, Checks};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("20 child processes write a number each.", check).or_hangs(
    "The children have exited, and the parent waits for the end of the pipe. Somewhere there's still a copy of the writing end.",
)]);

fn check() -> Result<(), String> {
    match sum(20).map_err(|error| error.to_string())? {
        190 => Ok(()),
        other => Err(format!("The numbers from 0 to 19 add up to 190, not to {other}.")),
    }
}
