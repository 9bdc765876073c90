//! Weighs a program whose workers have nothing to do.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::memory::Memory;

/// The time between two checks of a program that is becoming idle, and the largest number of checks.
const SAMPLING: (Duration, u32) = (Duration::from_millis(20), 100);

/// Starts a program, waits until `count` lines of its output contain `started`, and returns the memory that it then takes,
/// with its child processes and the kernel's part. Then stops it by SIGTERM, and returns the rest of its output as well.
///
/// Blocks until the program has ended.
///
/// # Errors
///
/// If the program can't be started, ends before its workers have started, or fails, or if the system doesn't report memory.
pub fn weigh(command: &mut Command, started: &str, count: u32) -> io::Result<(Memory, String)> {
    weigh_and(command, started, count, || Ok(())).map(|(memory, (), rest)| (memory, rest))
}

/// The same, and calls `look` while the workers are waiting.
///
/// # Errors
///
/// Those of [`weigh`], and those of `look`.
pub fn weigh_and<T>(
    command: &mut Command,
    started: &str,
    count: u32,
    look: impl FnOnce() -> io::Result<T>,
) -> io::Result<(Memory, T, String)> {
    let before = Memory::of_no_process()?;
    let mut program = Program::start(command)?;
    let found = program.when_started(started, count).and_then(|memory| Ok((memory - before, look()?)));
    let rest = program.stop();
    let (memory, looked) = found?;
    Ok((memory, looked, rest?))
}

/// A program that is killed when it is dropped early.
struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Self { child, output })
    }

    /// The memory of the program once its workers have started and are waiting.
    fn when_started(&mut self, started: &str, count: u32) -> io::Result<Memory> {
        let id = self.child.id();
        let mut seen = 0;
        let mut line = String::new();
        while seen < count {
            line.clear();
            if self.output.read_line(&mut line)? == 0 {
                return Err(io::Error::other("the program ended before its workers had started"));
            }
            seen += u32::from(line.contains(started));
        }
        // A worker that has just started may still be about to wait.
        let mut last = Memory::of_family(id)?;
        for _ in 0..SAMPLING.1 {
            thread::sleep(SAMPLING.0);
            let now = Memory::of_family(id)?;
            if (Memory { slab: 0, ..now }) == (Memory { slab: 0, ..last }) {
                return Ok(now);
            }
            last = now;
        }
        Ok(last)
    }

    /// Stops the program, and returns the rest of its output.
    fn stop(mut self) -> io::Result<String> {
        terminate(&mut self.child)?;
        let mut rest = String::new();
        self.output.read_to_string(&mut rest)?;
        let status = self.child.wait()?;
        match status.code() {
            Some(0 | TERMINATED) => Ok(rest),
            _ => Err(io::Error::other(format!("the run failed: {status}"))),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Neither does anything if the program has been reaped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The exit status of a demo that SIGTERM has stopped.
const TERMINATED: i32 = 128 + 15;

#[cfg(unix)]
fn terminate(child: &mut Child) -> io::Result<()> {
    use nix::sys::signal::{Signal::SIGTERM, kill};
    use nix::unistd::Pid;

    Ok(kill(Pid::from_raw(child.id() as i32), SIGTERM)?)
}

/// Here, a program can only be killed.
#[cfg(not(unix))]
fn terminate(child: &mut Child) -> io::Result<()> {
    child.kill()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_half_written_when_the_workers_have_started_is_in_the_rest() {
        let script = "trap 'echo line; exit 143' TERM; printf 'started\nhalf a '; while :; do sleep 1 >/dev/null 2>&1 & wait; done";
        let (memory, rest) = weigh(Command::new("sh").args(["-c", script]), "started", 1).unwrap();
        assert!(memory.pss > 0, "{memory:?}");
        assert_eq!(rest, "half a line\n");
    }
}
