//! The process between the room and a demo. It kills the demo, and every process that the demo started, when the room
//! asks for that, or when the room ends for any reason.
//!
//! The room holds the other end of the supervisor's standard input. The line `interrupt` interrupts the demo, as Ctrl-C
//! does, and a line that begins with `input ` passes the rest of the line on to a demo that reads its standard input.
//! The end of the input, which also comes when the room is killed, kills the demo. The demo inherits standard output
//! and standard error.
//!
//! On Linux, orphans of the demo become children of the supervisor (`PR_SET_CHILD_SUBREAPER`, see prctl(2)), so none escapes.
//! If the supervisor itself is killed, the kernel kills the demo.
//!
//! A killed demo can't remove its files. One that starts brokers keeps them in a folder that the supervisor removes.

use std::env;
use std::io::{self, BufRead, Write};
use std::process::{Child, ChildStdin, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::labs::{Kills, Lab, Start};
use crate::{book, process};

/// The environment variable that makes a process of this program a demo. Worker processes inherit it.
const DEMO: &str = "READING_ROOM_DEMO";

/// Runs the demo that the environment names. Returns nothing in a process that isn't a demo or a worker of one.
pub fn run_demo() -> Option<ExitCode> {
    let lab = Lab::find(env::var(DEMO).ok()?.as_str())?;
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    let Start::Here(main) = lab.start else { return None };
    Some(main())
}

/// Runs a demo with some command-line arguments and waits until it has ended, with every process that it started. Returns its
/// exit status, which is 128 plus the number of the signal if a signal ended it.
///
/// # Errors
///
/// When the demo can't be started.
pub fn supervise(lab: &Lab, arguments: &[String]) -> io::Result<ExitCode> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    let mut command = command(lab, arguments)?;
    let has_brokers = lab.kills == Kills::WorkersAndBrokers;
    // Removed at the end of this function, after all processes have ended.
    let folder = if has_brokers { Some(tempfile::tempdir()?) } else { None };
    command.envs(folder.iter().map(|folder| ("TMPDIR", folder.path())));
    command.stdin(if lab.interactive || has_brokers { Stdio::piped() } else { Stdio::null() });
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    let input = child.stdin.take();
    let demo = Arc::new(Mutex::new(Running { child, ended: false }));
    let listener = demo.clone();
    let listening = thread::Builder::new().spawn(move || listen(&listener, input));
    if let Err(error) = listening {
        demo.lock().unwrap_or_else(PoisonError::into_inner).child.kill()?;
        kill_descendants();
        return Err(error);
    }
    let status = wait(&demo)?;
    kill_descendants();
    Ok(ExitCode::from(status))
}

/// The command that starts a demo.
fn command(lab: &Lab, arguments: &[String]) -> io::Result<Command> {
    match lab.start {
        Start::Here(_) => {
            let mut command = Command::new(process::executable()?);
            command.args(arguments).arg("--format=json").env(DEMO, lab.name);
            #[cfg(unix)]
            std::os::unix::process::CommandExt::arg0(&mut command, lab.program);
            Ok(command)
        }
        Start::Cargo { words, flags } => {
            let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
            command.args(words).args(arguments).args(flags).current_dir(book::root());
            Ok(command)
        }
    }
}

/// The demo, and whether it has ended. From then on its PID may belong to another process.
struct Running {
    child: Child,
    ended: bool,
}

/// Follows the room's orders until the input ends, and then kills the demo.
fn listen(demo: &Mutex<Running>, mut input: Option<ChildStdin>) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        if let Some(line) = line.strip_prefix("input ") {
            if let Some(input) = &mut input {
                // A demo that doesn't read any more is about to end.
                let _ = writeln!(input, "{line}");
            }
            continue;
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
    // A terminal also interrupts the whole process group.
    let _ = killpg(nix::unistd::Pid::from_raw(demo.id() as i32), Signal::SIGINT);
}

/// Other systems can't interrupt a process. The room's time limit for the summary ends the demo.
#[cfg(not(unix))]
fn interrupt(_demo: &Child) {}

/// Waits until the demo has ended.
#[cfg(target_os = "linux")]
fn wait(demo: &Mutex<Running>) -> io::Result<u8> {
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    let pid = nix::unistd::Pid::from_raw(demo.lock().unwrap_or_else(PoisonError::into_inner).child.id() as i32);
    // Until the demo is reaped its PID stays its own, so this only waits, and the lock is held while the demo is reaped.
    while let Err(error) = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
        if error != nix::errno::Errno::EINTR {
            return Err(error.into());
        }
    }
    let mut demo = demo.lock().unwrap_or_else(PoisonError::into_inner);
    demo.ended = true;
    demo.child.wait().map(exit_code)
}

/// nix has `waitid` only on Linux.
#[cfg(not(target_os = "linux"))]
fn wait(demo: &Mutex<Running>) -> io::Result<u8> {
    loop {
        let mut running = demo.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = running.child.try_wait()? {
            running.ended = true;
            return Ok(exit_code(status));
        }
        drop(running);
        thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// The exit status of a demo, which is 128 plus the number of the signal if a signal ended it.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128 + signal as u8;
    }
    status.code().unwrap_or(1) as u8
}

/// Kills the processes that the demo has left behind, until none is left.
#[cfg(target_os = "linux")]
fn kill_descendants() {
    use nix::sys::wait::{WaitPidFlag, waitpid};

    use super::descendants::descendants;
    loop {
        let rest = descendants(std::process::id());
        rest.iter().for_each(|process| _ = process.kill());
        // A killed process becomes a child of this one once its own parent is gone.
        match waitpid(None, Some(WaitPidFlag::empty())) {
            Err(nix::errno::Errno::EINTR) | Ok(_) => {}
            Err(_) => break,
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn kill_descendants() {}
