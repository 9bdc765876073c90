//! The solutions of the book's exercises, looked at by what looks at the exercises: `cargo run --example solution -- NAME`.

#[path = "../checks/mod.rs"]
mod checks;

mod eight_at_a_time;
mod fair_share;
mod forecast;
mod half_a_pair;
mod kept_place;
mod last_batch;
mod no_end;
mod no_looking;
mod prompt;
mod saved_wake;
mod there_and_back;
mod too_early;
mod wake_up;

fn main() -> std::process::ExitCode {
    checks::main()
}
