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
    // ANCHOR: statuses
    let returns = fork::start(|| {})?;
    let exits = fork::start(|| fork::exit(3))?;
    let killed = fork::start(|| {
        loop {
            thread::park()
        }
    })?;
    killed.kill();
    for child in [returns, exits, killed] {
        println!("a child has ended with {}", child.wait()?);
    }
    // ANCHOR_END: statuses
    Ok(())
}

fn zombie() -> io::Result<()> {
    // ANCHOR: zombie
    let child = fork::start(|| {})?;
    while !state(&child)?.starts_with('Z') {
        thread::yield_now();
    }
    println!("it has ended, and is still there: {}", state(&child)?);
    child.wait()?;
    println!("somebody has waited for it, and it is gone: {}", state(&child).is_err());
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
    let (mut said, say) = io::pipe()?;
    let looks = io::pipe()?;
    let parent = fork::start(move || have_a_child_and_end(say, looks))?;
    parent.wait()?;
    let mut parents = String::new();
    said.read_to_string(&mut parents)?;
    println!(
        "an orphan had another parent, and has this process now: {}",
        parents == format!("{}, {}", parent.pid(), getpid())
    );
    waitpid(None, None)?;
    Ok(())
}

/// Ends once its child knows its parent's PID. The child reports that PID, and its new parent's afterwards.
fn have_a_child_and_end(mut say: PipeWriter, (mut looked, looks): (PipeReader, PipeWriter)) {
    // SAFETY: this process has one thread, so the copy lacks none.
    if let Ok(ForkResult::Child) = unsafe { fork_bare() } {
        let parent = getppid();
        drop(looks);
        while getppid() == parent {
            thread::yield_now();
        }
        write!(say, "{parent}, {}", getppid()).expect("somebody listens");
        fork::exit(0);
    }
    drop(looks);
    let _ = looked.read(&mut [0]);
}
