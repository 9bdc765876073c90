//! The project's goals in numbers, beside CPython's and those of the bare primitive that each is built on.
//!
//! Run it with `cargo bench -p chapters --bench numbers [PART]`, and for other interpreters than `python3` with
//! `cargo bench -p chapters --bench numbers -- [PART] --python=PATH`. The book's appendix has the latest output.

#[path = "../common/mod.rs"]
mod common;
#[cfg(target_os = "linux")]
mod gil;
#[cfg(target_os = "linux")]
mod jobs;
#[cfg(target_os = "linux")]
mod scale;
#[cfg(target_os = "linux")]
mod workers;

#[cfg(target_os = "linux")]
fn main() {
    if std::env::args().nth(1).is_some_and(|peer| peer == workers::BARE_FORK) {
        return println!("{}", workers::bare_fork());
    }
    common::parts(&[
        ("overhead", jobs::overhead),
        ("printed", jobs::printed),
        ("digest", jobs::digest),
        ("speedup", workers::speedup),
        ("gil", gil::holds),
        ("checkpoint", gil::checkpoint),
        ("convoy", gil::convoy),
        ("start", workers::start),
        ("first", workers::first_start),
        ("idle", workers::idle),
        ("alone", scale::alone),
        ("scale", scale::jobs),
        ("memory", scale::memory),
    ]);
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    chapters::demo::needs_linux("numbers", "fork, pipes, shared memory, and /proc")
}
