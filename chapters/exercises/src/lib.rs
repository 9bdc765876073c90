//! The runner of the exercises, as a library, so that tests can check attempts to solve them.
//!
//! An exercise is a file in `chapters/exercises`. Its check is the file of the same name in `checks`, and a solution is in
//! `solutions`. The runner compiles one exercise at a time, together with its check, so a file that doesn't compile
//! doesn't affect the others.
//!
//! - `catalog` lists the exercises, with their hints.
//! - `compile` combines an exercise and its check into a program, and `check` runs it.
//! - `progress` remembers which exercises are solved, in the folder `.exercises`.
//! - `watchdog` notices that a check will never end.
//! - `watch` checks a file whenever it's saved, and is what a reader sees first.

pub mod catalog;
pub mod check;
pub mod commands;
pub mod compile;
pub mod progress;
pub mod watch;
mod watchdog;
