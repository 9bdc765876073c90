//! The service with processes for workers, one of which is killed: `cargo run --example kill_one`.
//!
//! It has the flags of `chapter-processes`, except `--method`, and one of its own.

#[cfg(target_os = "linux")]
mod killer;

use std::process::ExitCode;

/// On other systems, says what is missing.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    chapters::demo::needs_linux("kill_one", "fork, pipes, and shared memory")
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    killer::main()
}
