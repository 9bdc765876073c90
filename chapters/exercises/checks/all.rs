//! All exercises and their checks as one program, so that editors, the formatter, and lints see them.
//!
//! The runner doesn't use it: it compiles each exercise on its own.

#![allow(
    clippy::todo,
    missing_docs,
    dead_code,
    unreachable_pub,
    reason = "an exercise is a file that a reader completes"
)]

#[path = "../bad_jobs.rs"]
mod bad_jobs;
#[path = "../bounded.rs"]
mod bounded;
#[path = "bad_jobs.rs"]
mod check_bad_jobs;
#[path = "bounded.rs"]
mod check_bounded;
#[path = "countdown.rs"]
mod check_countdown;
#[path = "deadlocked.rs"]
mod check_deadlocked;
#[path = "eight_at_a_time.rs"]
mod check_eight_at_a_time;
#[cfg(target_os = "linux")]
#[path = "end_of_pipe.rs"]
mod check_end_of_pipe;
#[path = "executor.rs"]
mod check_executor;
#[path = "fair_share.rs"]
mod check_fair_share;
#[path = "fenced.rs"]
mod check_fenced;
#[path = "first_answer.rs"]
mod check_first_answer;
#[path = "forecast.rs"]
mod check_forecast;
#[path = "gate.rs"]
mod check_gate;
#[path = "graceful.rs"]
mod check_graceful;
#[path = "half_a_pair.rs"]
mod check_half_a_pair;
#[path = "idempotent.rs"]
mod check_idempotent;
#[path = "in_order.rs"]
mod check_in_order;
#[path = "join_two.rs"]
mod check_join_two;
#[path = "kept_place.rs"]
mod check_kept_place;
#[path = "last_batch.rs"]
mod check_last_batch;
#[path = "latch.rs"]
mod check_latch;
#[path = "let_in.rs"]
mod check_let_in;
#[path = "lock_both.rs"]
mod check_lock_both;
#[path = "no_end.rs"]
mod check_no_end;
#[path = "no_looking.rs"]
mod check_no_looking;
#[path = "no_turn.rs"]
mod check_no_turn;
#[path = "once.rs"]
mod check_once;
#[cfg(target_os = "linux")]
#[path = "one_count.rs"]
mod check_one_count;
#[path = "oneshot.rs"]
mod check_oneshot;
#[path = "overdraft.rs"]
mod check_overdraft;
#[path = "own_coroutines.rs"]
mod check_own_coroutines;
#[path = "own_threads.rs"]
mod check_own_threads;
#[cfg(feature = "broker")]
#[path = "payments.rs"]
mod check_payments;
#[path = "pool.rs"]
mod check_pool;
#[path = "prompt.rs"]
mod check_prompt;
#[path = "quiet_client.rs"]
mod check_quiet_client;
#[path = "rate.rs"]
mod check_rate;
#[path = "read_write.rs"]
mod check_read_write;
#[cfg(target_os = "linux")]
#[path = "restart.rs"]
mod check_restart;
#[path = "same_pool.rs"]
mod check_same_pool;
#[path = "saved_wake.rs"]
mod check_saved_wake;
#[path = "scope.rs"]
mod check_scope;
#[path = "semaphore.rs"]
mod check_semaphore;
#[path = "spin.rs"]
mod check_spin;
#[path = "there_and_back.rs"]
mod check_there_and_back;
#[path = "ticker.rs"]
mod check_ticker;
#[path = "time_limit.rs"]
mod check_time_limit;
#[path = "too_early.rs"]
mod check_too_early;
#[cfg(target_os = "linux")]
#[path = "unwaited.rs"]
mod check_unwaited;
#[path = "wake_up.rs"]
mod check_wake_up;
#[path = "../countdown.rs"]
mod countdown;
#[path = "../deadlocked.rs"]
mod deadlocked;
#[path = "../eight_at_a_time.rs"]
mod eight_at_a_time;
#[cfg(target_os = "linux")]
#[path = "../end_of_pipe.rs"]
mod end_of_pipe;
#[path = "../executor.rs"]
mod executor;
#[path = "../fair_share.rs"]
mod fair_share;
#[path = "../fenced.rs"]
mod fenced;
#[path = "../first_answer.rs"]
mod first_answer;
#[path = "../forecast.rs"]
mod forecast;
#[path = "../gate.rs"]
mod gate;
#[path = "../graceful.rs"]
mod graceful;
#[path = "../half_a_pair.rs"]
mod half_a_pair;
#[path = "../idempotent.rs"]
mod idempotent;
#[path = "../in_order.rs"]
mod in_order;
#[path = "../join_two.rs"]
mod join_two;
#[path = "../kept_place.rs"]
mod kept_place;
#[path = "../last_batch.rs"]
mod last_batch;
#[path = "../latch.rs"]
mod latch;
#[path = "../let_in.rs"]
mod let_in;
#[path = "../lock_both.rs"]
mod lock_both;
#[path = "../no_end.rs"]
mod no_end;
#[path = "../no_looking.rs"]
mod no_looking;
#[path = "../no_turn.rs"]
mod no_turn;
#[path = "../once.rs"]
mod once;
#[cfg(target_os = "linux")]
#[path = "../one_count.rs"]
mod one_count;
#[path = "../oneshot.rs"]
mod oneshot;
#[path = "../overdraft.rs"]
mod overdraft;
#[path = "../own_coroutines.rs"]
mod own_coroutines;
#[path = "../own_threads.rs"]
mod own_threads;
#[cfg(feature = "broker")]
#[path = "../payments.rs"]
mod payments;
#[path = "../pool.rs"]
mod pool;
#[path = "../prompt.rs"]
mod prompt;
#[path = "../quiet_client.rs"]
mod quiet_client;
#[path = "../rate.rs"]
mod rate;
#[path = "../read_write.rs"]
mod read_write;
#[cfg(target_os = "linux")]
#[path = "../restart.rs"]
mod restart;
#[path = "../same_pool.rs"]
mod same_pool;
#[path = "../saved_wake.rs"]
mod saved_wake;
#[path = "../scope.rs"]
mod scope;
#[path = "../semaphore.rs"]
mod semaphore;
#[path = "../spin.rs"]
mod spin;
#[path = "../there_and_back.rs"]
mod there_and_back;
#[path = "../ticker.rs"]
mod ticker;
#[path = "../time_limit.rs"]
mod time_limit;
#[path = "../too_early.rs"]
mod too_early;
#[cfg(target_os = "linux")]
#[path = "../unwaited.rs"]
mod unwaited;
#[path = "../wake_up.rs"]
mod wake_up;

fn main() {}
