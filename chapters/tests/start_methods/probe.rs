//! A process that reports what it is and has.

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Command;
use std::thread;

use chapters::processes::start::{Child, Process, Starter};
use nix::libc;
use nix::sys::signal::{Signal, raise};
use serde::{Deserialize, Deserializer, Serialize};

/// The action of a probe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Act {
    /// Reports its PID.
    Pid,
    /// Reports the number of its descriptors beyond the standard streams, and whether that is the pipe alone.
    Descriptors,
    /// Reports how many bytes standard input has.
    Stdin,
    /// Prints this text to standard output.
    Print(String),
    /// Exits with this code.
    Exit(i32),
    Panic,
    /// Sends this signal to itself.
    Raise(i32),
    /// Reports its PID, and sleeps.
    Sleep,
    /// Raises SIGINT and SIGHUP, and then reports which signals are blocked or ignored in a program that it executes.
    Terminal,
    /// Can't be received.
    Unreadable(Unreadable),
    /// Is longer than a message can be.
    Long(Vec<u8>),
}

/// A value that can be sent but not received.
#[derive(Clone, Debug, Serialize)]
pub struct Unreadable;

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("unreadable"))
    }
}

pub struct Probe {
    act: Act,
    pipe: PipeWriter,
}

impl Child for Probe {
    type Preparation = Act;

    fn pack(&self) -> io::Result<(Act, Vec<BorrowedFd<'_>>)> {
        Ok((self.act.clone(), vec![self.pipe.as_fd()]))
    }

    fn unpack(act: Act, mut files: Vec<OwnedFd>) -> io::Result<Self> {
        let pipe = files.pop().ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { act, pipe: PipeWriter::from(pipe) })
    }

    fn run(mut self) {
        let report = match self.act {
            Act::Pid => std::process::id().to_string(),
            Act::Descriptors => {
                // One more, while the directory is being read.
                let open = fs::read_dir("/proc/self/fd").expect("this system has /proc").count() - 1;
                format!("{}", open - 3)
            }
            Act::Stdin => format!("{:?}", io::stdin().read_to_end(&mut Vec::new())),
            Act::Print(text) => {
                println!("{text}");
                String::new()
            }
            Act::Exit(code) => std::process::exit(code),
            Act::Panic => panic!("as asked"),
            Act::Raise(signal) => {
                // SAFETY: the call takes a number.
                unsafe { libc::raise(signal) };
                String::new()
            }
            Act::Sleep => {
                writeln!(self.pipe, "{}", std::process::id()).expect("the test reads");
                loop {
                    thread::park();
                }
            }
            Act::Terminal => {
                raise(Signal::SIGINT).expect("a signal");
                raise(Signal::SIGHUP).expect("a signal");
                let output = Command::new("cat").arg("/proc/self/status").output().expect("cat");
                let status = String::from_utf8(output.stdout).expect("text");
                let mask =
                    |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").to_owned();
                let bits = |name| u64::from_str_radix(mask(name).trim(), 16).expect("a mask");
                format!("{}", (bits("SigBlk:") | bits("SigIgn:")) & 0b11)
            }
            Act::Unreadable(_) | Act::Long(_) => String::new(),
        };
        write!(self.pipe, "{report}").expect("the test reads");
    }
}

/// Starts a probe. Returns its handle and the pipe that it reports through.
pub fn start(starter: &Starter<Probe>, act: Act) -> io::Result<(Process, PipeReader)> {
    let (reader, pipe) = io::pipe()?;
    Ok((starter.start(Probe { act, pipe })?, reader))
}

/// Starts a probe, and returns its report once it has ended.
pub fn report(starter: &Starter<Probe>, act: Act) -> String {
    let (process, mut pipe) = start(starter, act).expect("a process");
    let mut report = String::new();
    pipe.read_to_string(&mut report).expect("a report");
    let status = process.wait().expect("a status");
    assert!(status.success(), "{status}");
    report
}
