//! The solutions of the book's exercises, looked at by what looks at the exercises: `cargo run --example solution -- NAME`.

#[path = "../checks/mod.rs"]
mod checks;

mod eight_at_a_time;
mod fair_share;
mod forecast;
mod last_batch;
mod no_end;
mod no_looking;
mod saved_wake;

fn main() -> std::process::ExitCode {
    checks::main()
}
