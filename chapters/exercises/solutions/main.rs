//! The solutions of the book's exercises, looked at by what looks at the exercises: `cargo run --example solution -- NAME`.

#[path = "../checks/mod.rs"]
mod checks;

mod eight_at_a_time;
#[cfg(target_os = "linux")]
mod end_of_pipe;
mod fair_share;
mod forecast;
mod kept_place;
mod last_batch;
mod no_end;
mod no_looking;
#[cfg(target_os = "linux")]
mod one_count;
mod saved_wake;
mod there_and_back;
mod too_early;
#[cfg(target_os = "linux")]
mod unwaited;

fn main() -> std::process::ExitCode {
    checks::main()
}
