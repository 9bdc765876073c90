//! The solutions of the exercises, with the same checks as the exercises: `cargo run --example solution -- NAME`.

#[path = "../checks/mod.rs"]
mod checks;

mod bad_jobs;
mod countdown;
mod deadlocked;
mod eight_at_a_time;
#[cfg(target_os = "linux")]
mod end_of_pipe;
mod fair_share;
mod first_answer;
mod forecast;
mod gate;
mod half_a_pair;
mod in_order;
mod kept_place;
mod last_batch;
mod let_in;
mod lock_both;
mod no_end;
mod no_looking;
mod no_turn;
#[cfg(target_os = "linux")]
mod one_count;
mod overdraft;
mod prompt;
mod same_pool;
mod saved_wake;
mod there_and_back;
mod ticker;
mod too_early;
#[cfg(target_os = "linux")]
mod unwaited;
mod wake_up;

fn main() -> std::process::ExitCode {
    checks::main()
}
