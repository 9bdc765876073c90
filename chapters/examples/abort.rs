//! One of four workers aborts. Do the others survive, as threads and as processes? `cargo run --example abort`
//!
//! `std::process::abort` stands for any sudden end of a process: a fault in C code, a stack overflow, a failed
//! allocation.

use std::ffi::OsStr;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Barrier;
use std::{env, io, process, thread};

const WORKERS: usize = 4;

fn main() -> io::Result<ExitCode> {
    chapters::environment::prepare_example();
    match env::args_os().nth(1).as_deref().map(OsStr::to_string_lossy).as_deref() {
        None => report()?,
        Some("threads") => threads(),
        Some(number) => work(number.parse().map_err(io::Error::other)?, || {}),
    }
    Ok(ExitCode::SUCCESS)
}

// ANCHOR: work
/// Prints that it is done, unless it is worker 2, which aborts once all have started.
fn work(number: usize, all_have_started: impl FnOnce()) {
    all_have_started();
    if number == 2 {
        process::abort();
    }
    println!("done");
}

/// Four workers in one process. None ends before the second one aborts.
fn threads() {
    let aborted = &Barrier::new(WORKERS);
    thread::scope(|scope| {
        for number in 1..=WORKERS {
            scope.spawn(move || {
                work(number, || {
                    if number != 2 {
                        _ = aborted.wait()
                    }
                })
            });
        }
    });
}
// ANCHOR_END: work

/// Runs the workers both ways, each in processes of their own, and counts the messages.
fn report() -> io::Result<()> {
    let this = |argument: &str| -> io::Result<Child> {
        Command::new(env::current_exe()?).arg(argument).stdout(Stdio::piped()).spawn()
    };
    let threads = done([this("threads")?])?;
    println!("as threads, {threads} of {WORKERS} workers are done");
    let processes: io::Result<Vec<Child>> = (1..=WORKERS).map(|number| this(&number.to_string())).collect();
    println!("as processes, {} of {WORKERS} workers are done", done(processes?)?);
    Ok(())
}

fn done(children: impl IntoIterator<Item = Child>) -> io::Result<usize> {
    let said = |child: Child| Ok(String::from_utf8_lossy(&child.wait_with_output()?.stdout).matches("done").count());
    children.into_iter().map(said).sum()
}
