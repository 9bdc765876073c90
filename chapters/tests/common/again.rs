//! Starts this test program again, as a process that does one thing.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, thread};

use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Runs this program with arguments, and returns its standard output. A process that takes longer than `timeout` hangs, and
/// is killed.
pub fn run_again(arguments: &[&str], timeout: Duration, prepare: impl FnOnce(&mut Command)) -> Result<String, Failed> {
    let mut command = Command::new(env::current_exe()?);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    prepare(&mut command);
    let process = command.spawn()?;
    let pid = Pid::from_raw(process.id() as i32);
    let (end, ended) = mpsc::channel();
    thread::spawn(move || end.send(process.wait_with_output()));
    let Ok(output) = ended.recv_timeout(timeout) else {
        kill(pid, Signal::SIGKILL)?;
        return Err(format!("{arguments:?}: hung for {timeout:?}").into());
    };
    let output = output?;
    if !output.status.success() {
        return Err(format!("{arguments:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
