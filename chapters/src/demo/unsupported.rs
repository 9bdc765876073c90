//! The service as processes, on a system where the demo does not run: it says so instead of failing to build.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// Says what is missing.
pub fn main() -> ExitCode {
    main_with([])
}

/// No process is started by its parent here.
pub(crate) fn as_worker() -> Option<ExitCode> {
    None
}

/// Says what is missing, whatever the arguments are.
pub(crate) fn main_with(_arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let missing = "chapter-processes needs Linux: fork, pipes that many processes read, and memory that they share";
    let _ = writeln!(io::stderr(), "error: {missing}");
    ExitCode::FAILURE
}
