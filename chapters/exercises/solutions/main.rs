//! The solutions of the book's exercises, looked at by what looks at the exercises: `cargo run --example solution -- NAME`.

#[path = "../checks/mod.rs"]
mod checks;

mod bad_jobs;
mod eight_at_a_time;
#[cfg(target_os = "linux")]
mod end_of_pipe;
mod fair_share;
mod forecast;
mod kept_place;
mod last_batch;
mod let_in;
mod no_end;
mod no_looking;
mod no_turn;
mod same_pool;
#[cfg(target_os = "linux")]
mod one_count;
mod saved_wake;
mod there_and_back;
mod ticker;
mod too_early;
#[cfg(target_os = "linux")]
mod unwaited;

fn main() -> std::process::ExitCode {
    checks::main()
}
