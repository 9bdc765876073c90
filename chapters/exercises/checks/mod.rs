//! The checks of the exercises: runs one check in a process of its own, and reports the remaining faults.
//!
//! It needs a process of its own because the exercise may never end.

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

use std::env;
use std::io;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A check returns the fault that remains.
type Check = fn() -> Result<(), String>;

/// The exercises, in the order of the pages.
const EXERCISES: &[(&str, Check)] = &[
    ("no_end", no_end::check),
    ("fair_share", fair_share::check),
    ("no_turn", no_turn::check),
    ("let_in", let_in::check),
    ("there_and_back", there_and_back::check),
    ("lock_both", lock_both::check),
    ("too_early", too_early::check),
    ("kept_place", kept_place::check),
    ("overdraft", overdraft::check),
    ("countdown", countdown::check),
    ("saved_wake", saved_wake::check),
    ("last_batch", last_batch::check),
    ("no_looking", no_looking::check),
    ("ticker", ticker::check),
    ("bad_jobs", bad_jobs::check),
    ("same_pool", same_pool::check),
    #[cfg(target_os = "linux")]
    ("end_of_pipe", end_of_pipe::check),
    #[cfg(target_os = "linux")]
    ("unwaited", unwaited::check),
    #[cfg(target_os = "linux")]
    ("one_count", one_count::check),
    ("wake_up", wake_up::check),
    ("prompt", prompt::check),
    ("half_a_pair", half_a_pair::check),
    ("in_order", in_order::check),
    ("first_answer", first_answer::check),
    ("gate", gate::check),
    ("deadlocked", deadlocked::check),
    ("forecast", forecast::check),
    ("eight_at_a_time", eight_at_a_time::check),
];

/// An exercise that takes longer waits for an event that never comes.
const LONGEST: Duration = Duration::from_secs(3);

/// The argument that makes this program the process in which the exercise runs.
const HERE: &str = "--here";

pub fn main() -> ExitCode {
    // An exercise may start this program again as its child.
    #[cfg(target_os = "linux")]
    if let Some(status) = chapters::processes::start::child_main::<crate::one_count::Counter>() {
        return status;
    }
    chapters::environment::prepare_example();
    let arguments: Vec<String> = env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, here) = match arguments[..] {
        [name] => (name, false),
        [name, HERE] => (name, true),
        _ => ("", false),
    };
    let Some((_, check)) = EXERCISES.iter().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = EXERCISES.iter().map(|(name, _)| *name).collect();
        eprintln!("error: name one exercise of these: {}", names.join(", "));
        return ExitCode::from(2);
    };
    let result = if here { check() } else { watch(name) };
    match result {
        Ok(()) if here => ExitCode::SUCCESS,
        Ok(()) => {
            println!("{name}: solved");
            ExitCode::SUCCESS
        }
        Err(wrong) if here => {
            print!("{wrong}");
            ExitCode::FAILURE
        }
        Err(wrong) => {
            println!("{name}: not yet: {wrong}");
            ExitCode::FAILURE
        }
    }
}

/// Runs this program again, for the check of one exercise, and returns its report.
fn watch(name: &str) -> Result<(), String> {
    let cannot = |error: io::Error| format!("cannot run the check: {error}");
    let program = env::current_exe().map_err(cannot)?;
    let mut check = Command::new(program).args([name, HERE]).stdout(Stdio::piped()).spawn().map_err(cannot)?;
    let deadline = Instant::now() + LONGEST;
    while check.try_wait().map_err(cannot)?.is_none() {
        if Instant::now() > deadline {
            check.kill().and_then(|()| check.wait()).map_err(cannot)?;
            return Err(format!("after {LONGEST:?} it has not ended: somebody waits for what never comes"));
        }
        thread::sleep(Duration::from_millis(10));
    }
    let output = check.wait_with_output().map_err(cannot)?;
    match output.status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(String::from_utf8_lossy(&output.stdout).into_owned()),
        _ => Err(format!("the check ended with {}", output.status)),
    }
}
