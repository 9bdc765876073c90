//! Do three workers survive when a fourth one aborts, as threads and as processes? `cargo run --example abort`
//!
//! `std::process::abort` stands for any sudden end of a process: a fault in C code, a stack overflow, a failed
//! allocation. In a control run, no worker aborts, and all four print their message.

use std::io::Read;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Barrier;
use std::{env, io, process, thread};

const WORKERS: usize = 4;

fn main() -> io::Result<ExitCode> {
    chapters::environment::prepare_example();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let aborts = arguments.get(1).is_some_and(|argument| argument == "aborts");
    match arguments.first().map(String::as_str) {
        None => report()?,
        Some("threads") => threads(aborts),
        // The parent closes this process's input when worker 2 has ended.
        Some(number) => {
            let number = number.parse().map_err(io::Error::other)?;
            work(number, aborts, || {
                if number != 2 {
                    _ = io::stdin().read_to_end(&mut Vec::new())
                }
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

// ANCHOR: work
/// Prints a message. Worker 2 goes first, and aborts if `aborts` is true. The others wait until worker 2 is done.
fn work(number: usize, aborts: bool, wait: impl Fn()) {
    if number != 2 {
        wait();
    } else if aborts {
        process::abort();
    }
    println!("done");
    if number == 2 {
        wait();
    }
}

/// Four workers in one process.
fn threads(aborts: bool) {
    let second_is_done = &Barrier::new(WORKERS);
    thread::scope(|scope| {
        for number in 1..=WORKERS {
            scope.spawn(move || work(number, aborts, || _ = second_is_done.wait()));
        }
    });
}
// ANCHOR_END: work

/// Runs the workers as threads and as processes, first without an abort and then with one, and counts the messages.
fn report() -> io::Result<()> {
    for (aborts, with) in [("ends", ""), ("aborts", " with an abort")] {
        let this = |argument: &str| -> io::Result<Child> {
            let mut command = Command::new(env::current_exe()?);
            command.args([argument, aborts]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
        };
        println!("as threads{with}, {} of {WORKERS} workers are done", done([this("threads")?])?);
        let processes: io::Result<Vec<Child>> = ["2", "1", "3", "4"].into_iter().map(this).collect();
        println!("as processes{with}, {} of {WORKERS} workers are done", done(processes?)?);
    }
    Ok(())
}

/// Closes each process's input, waits for the process to end, and returns the total number of messages.
fn done(children: impl IntoIterator<Item = Child>) -> io::Result<usize> {
    let said = |child: Child| Ok(String::from_utf8_lossy(&child.wait_with_output()?.stdout).matches("done").count());
    children.into_iter().map(said).sum()
}
