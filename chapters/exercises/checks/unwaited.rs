//! Checks `unwaited`.

use checks::{Check, Checks};
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::waitpid;

use super::unwaited::{Job, failures};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Of six jobs, one fails and two are killed.", check)]);

fn check() -> Result<(), String> {
    let done: Job = || true;
    let fails: Job = || false;
    let killed: Job = || raise(Signal::SIGKILL).is_err();
    let counted = failures(&[done, fails, killed, done, killed, done]).map_err(|error| error.to_string())?;
    // The children that `failures` has not reaped.
    let unwaited = std::iter::from_fn(|| waitpid(None, None).ok()).count();
    match (counted, unwaited) {
        (3, 0) => Ok(()),
        (3, unwaited) => Err(format!("{unwaited} of the 6 processes were never waited for: each is a zombie.")),
        (counted, _) => Err(format!("Of 6 jobs 1 failed and 2 were killed, but {counted} were counted.")),
    }
}
