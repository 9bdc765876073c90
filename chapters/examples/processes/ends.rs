//! How processes end: with a status, by a signal, as a zombie until the parent reaps them, and as an orphan.

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::thread;

use chapters::processes::start::{Process, fork};
use nix::sys::prctl;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork as fork_bare, getpid, getppid};

pub fn show() -> io::Result<()> {
    statuses()?;
    zombie()?;
    orphan()
}

fn statuses() -> io::Result<()> {
    let returns = fork::start(|| {})?;
    let exits = fork::start(|| fork::exit(3))?;
    let killed = fork::start(|| {
        loop {
            thread::park()
        }
    })?;
    killed.kill();
    for child in [returns, exits, killed] {
        println!("a child ended with {}", child.wait()?);
    }
    Ok(())
}

fn zombie() -> io::Result<()> {
    // ANCHOR: zombie
    let child = fork::start(|| {})?;
    while !state(&child)?.starts_with('Z') {
        thread::yield_now();
    }
    println!("the child has ended but hasn't been reaped: {}", state(&child)?);
    child.wait()?;
    println!("the child has been reaped: {}", state(&child).is_err());
    // ANCHOR_END: zombie
    Ok(())
}

/// The state in `/proc/PID/status`: `S (sleeping)`, `Z (zombie)`.
fn state(process: &Process) -> io::Result<String> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.pid()))?;
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    Ok(state.ok_or(io::ErrorKind::InvalidData)?.trim().to_owned())
}

fn orphan() -> io::Result<()> {
    prctl::set_child_subreaper(true)?;
    let (mut report, reporter) = io::pipe()?;
    let checked = io::pipe()?;
    let parent = fork::start(move || leave_an_orphan(reporter, checked))?;
    parent.wait()?;
    let mut parents = String::new();
    report.read_to_string(&mut parents)?;
    println!("this process has adopted the orphan: {}", parents == format!("{}, {}", parent.pid(), getpid()));
    waitpid(None, None)?;
    Ok(())
}

/// Forks a child, waits until the child has read its parent's PID, and ends. The child then reports that PID and its new
/// parent's.
fn leave_an_orphan(mut reporter: PipeWriter, (mut checked, checker): (PipeReader, PipeWriter)) {
    // SAFETY: this process has only one thread, so the child loses none.
    if let Ok(ForkResult::Child) = unsafe { fork_bare() } {
        let parent = getppid();
        drop(checker);
        while getppid() == parent {
            thread::yield_now();
        }
        write!(reporter, "{parent}, {}", getppid()).expect("the first process reads the report");
        fork::exit(0);
    }
    drop(checker);
    let _ = checked.read(&mut [0]);
}
