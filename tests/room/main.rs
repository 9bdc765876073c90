//! The reading room's rules, by raw requests: who is refused and with which status, how a run ends, and that nothing is left
//! of it then. They need Linux, which tells them of all processes.
//!
//! A room builds the book when it opens. So most promises are tried in rooms in which others were tried before, but each in
//! one that it has to itself.

#[cfg(target_os = "linux")]
mod rules;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    rules::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("SKIPPED: this is not Linux, so nobody tries the rules of the room");
}
