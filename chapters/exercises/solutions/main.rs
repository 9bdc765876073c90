//! The solutions of the book's exercises, looked at by what looks at the exercises: `cargo run --example solution -- NAME`.

#[path = "../checks/mod.rs"]
mod checks;

mod bad_jobs;
mod eight_at_a_time;
mod fair_share;
mod forecast;
mod kept_place;
mod last_batch;
mod let_in;
mod no_end;
mod no_looking;
mod no_turn;
mod same_pool;
mod saved_wake;
mod there_and_back;
mod ticker;
mod too_early;

fn main() -> std::process::ExitCode {
    checks::main()
}
