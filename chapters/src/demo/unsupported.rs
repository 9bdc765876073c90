//! The demo of processes on a system that it doesn't support: the program prints an error message instead of failing to
//! build.

use std::ffi::OsString;
use std::process::ExitCode;

use super::needs_linux;

/// Prints an error message that lists the missing features.
pub fn main() -> ExitCode {
    main_with([])
}

/// Returns `None`: on this system, the demo doesn't start processes.
pub(crate) fn as_worker() -> Option<ExitCode> {
    None
}

/// Prints the error message, whatever the arguments are.
pub(crate) fn main_with(_arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    needs_linux("chapter-processes", "fork, pipes that many processes read, and memory that they share")
}
