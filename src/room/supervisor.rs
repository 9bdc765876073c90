//! What stands between the room and a demo, as a process of its own: when the room says so or is gone, in whatever way, the
//! demo ends, and all that it has started.
//!
//! The room holds the other end of this program's standard input. A line that comes is to interrupt the demo, as Ctrl-C
//! does; the end of the input, which also comes when the room is killed, is to kill it. Standard output and standard error
//! are the demo's.
//!
//! On Linux, orphans of the demo become children of this process (`PR_SET_CHILD_SUBREAPER`, see prctl(2)), so none escapes;
//! and should this process be killed itself, the kernel kills the demo.

use std::env;
use std::io::{self, BufRead};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::labs::Lab;

/// The variable that says which demo a process of this program is, to it and to all that it starts.
const DEMO: &str = "READING_ROOM_DEMO";

/// What a process is that the room started, instead of a person: a demo, or a worker of one.
pub fn demo() -> Option<ExitCode> {
    let lab = Lab::find(env::var(DEMO).ok()?.as_str())?;
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    Some((lab.main)())
}

/// Runs a demo with these words for its command line, and gives its exit status: 128 and the number of the signal if one
/// ended it. Blocks until it has ended, and all that it started.
///
/// # Errors
///
/// When it cannot be started.
pub fn supervise(lab: &Lab, words: &[String]) -> io::Result<ExitCode> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    let mut command = Command::new(env::current_exe()?);
    command.args(words).arg("--format=json").env(DEMO, lab.name).stdin(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let demo = Arc::new(Mutex::new(Running { child: command.spawn()?, ended: false }));
    let listener = demo.clone();
    thread::spawn(move || listen(&listener));
    let status = wait(&demo)?;
    end_the_rest();
    Ok(ExitCode::from(status))
}

/// The demo, and whether it has ended: then its number may be another process's.
struct Running {
    child: Child,
    ended: bool,
}

/// Does what the room says, until the room is gone.
fn listen(demo: &Mutex<Running>) {
    for line in io::stdin().lock().lines() {
        if line.is_err() {
            break;
        }
        let demo = demo.lock().unwrap_or_else(PoisonError::into_inner);
        if !demo.ended {
            interrupt(&demo.child);
        }
    }
    let mut demo = demo.lock().unwrap_or_else(PoisonError::into_inner);
    if !demo.ended {
        let _ = demo.child.kill();
    }
}

#[cfg(unix)]
fn interrupt(demo: &Child) {
    use nix::sys::signal::{Signal, killpg};
    // A terminal interrupts all that the demo has started, too.
    let _ = killpg(nix::unistd::Pid::from_raw(demo.id() as i32), Signal::SIGINT);
}

/// Nobody can be interrupted here: what is asked to stop is killed when it is asked again.
#[cfg(not(unix))]
fn interrupt(_demo: &Child) {}

/// Waits until the demo has ended.
#[cfg(unix)]
fn wait(demo: &Mutex<Running>) -> io::Result<u8> {
    use std::os::unix::process::ExitStatusExt;

    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    let pid = nix::unistd::Pid::from_raw(demo.lock().unwrap_or_else(PoisonError::into_inner).child.id() as i32);
    // Its number stays its own until it is waited for, so first it is only looked at.
    while let Err(error) = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
        if error != nix::errno::Errno::EINTR {
            return Err(error.into());
        }
    }
    let mut demo = demo.lock().unwrap_or_else(PoisonError::into_inner);
    demo.ended = true;
    let status = demo.child.wait()?;
    Ok(status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1) as u8)
}

#[cfg(not(unix))]
fn wait(demo: &Mutex<Running>) -> io::Result<u8> {
    loop {
        let mut running = demo.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = running.child.try_wait()? {
            running.ended = true;
            return Ok(status.code().unwrap_or(1) as u8);
        }
        drop(running);
        thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Kills what the demo has left behind, until nothing is left.
#[cfg(target_os = "linux")]
fn end_the_rest() {
    use nix::sys::signal::{Signal, kill};
    use nix::sys::wait::{WaitPidFlag, waitpid};

    use super::proc::descendants;
    loop {
        let rest = descendants(std::process::id());
        rest.iter().for_each(|process| _ = kill(process.pid, Signal::SIGKILL));
        // Who is killed comes here to be waited for, once its own parent is gone.
        match waitpid(None, Some(WaitPidFlag::empty())) {
            Err(nix::errno::Errno::EINTR) | Ok(_) => {}
            Err(_) => break,
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn end_the_rest() {}
