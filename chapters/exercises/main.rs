//! The exercises of the book: `cargo run --example exercise` lists them, and with a name it reports what remains wrong.
//!
//! An exercise is one file in this folder, with a fault in it or a part missing; its first lines state the task. Its
//! check is the file of the same name in `checks`. A solution is in `solutions`, and must pass the same checks:
//! `cargo run --example solution -- NAME`.

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
