//! The examples of the chapter on processes: `cargo run --example processes -- NAME`.
//!
//! | name | what it shows |
//! | --- | --- |
//! | `copies` | the state that a copied process shares with its parent, and the state that it doesn't |
//! | `hang` | a fork of a process with two threads, whose child waits forever for a lock |
//! | `fixed` | the same program, fixed |
//! | `queue` | a queue made of a pipe and a lock, one of whose readers is killed |
//! | `ends` | how processes end, and their state afterward |

#[cfg(target_os = "linux")]
mod copies;
#[cfg(target_os = "linux")]
mod ends;
#[cfg(target_os = "linux")]
mod hang;
#[cfg(target_os = "linux")]
mod queue;

use std::process::ExitCode;

/// On other systems, says what is missing.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    chapters::demo::needs_linux("processes", "fork, pipes, and shared memory")
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    if let Some(status) = chapters::processes::start::child_main::<hang::Taker>() {
        return status;
    }
    chapters::environment::prepare_example();
    let shown = match std::env::args_os().nth(1).unwrap_or_default().to_string_lossy().as_ref() {
        "copies" => copies::show(),
        "hang" => hang::show(),
        "fixed" => hang::show_fixed(),
        "queue" => queue::show(),
        "ends" => ends::show(),
        _ => {
            eprintln!("error: expected one of these names: copies, hang, fixed, queue, ends");
            return ExitCode::from(2);
        }
    };
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
