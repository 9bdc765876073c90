//! Checks `end_of_pipe`.

use crate::end_of_pipe::sum;

pub fn check() -> Result<(), String> {
    match sum(20).map_err(|error| error.to_string())? {
        190 => Ok(()),
        other => Err(format!("the numbers from 0 to 19 add up to 190, not to {other}")),
    }
}
