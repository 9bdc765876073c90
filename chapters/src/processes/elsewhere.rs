//! The service as processes, on a system where the demo does not run: it says so instead of failing to build.

use std::io::{self, Write};
use std::process::ExitCode;

/// Says what is missing.
pub fn main() -> ExitCode {
    let missing = "chapter-processes needs Linux: fork, pipes that many processes read, and memory that they share";
    let _ = writeln!(io::stderr(), "error: {missing}");
    ExitCode::FAILURE
}
