//! The promises of the reading room, tested with raw requests against a room in a process of its own. They need Linux, whose
//! `/proc` lists all processes.
//!
//! Opening a room builds the book, which takes a second, so most tests use a room with a small book that an earlier test has
//! left. No other test uses it at the same time. Tests that change the book use one of their own, and those that need all
//! pages share one room.

#[cfg(target_os = "linux")]
mod rules;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    rules::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("SKIPPED: the tests of the room need Linux");
}
