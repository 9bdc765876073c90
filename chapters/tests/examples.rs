//! Promises of examples that their output doesn't show: a reader whose pipe fails releases the lock, the killer finds the
//! worker, and a transfer to the same account doesn't wait for itself.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, PipeWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;

use rustix::process::{Signal, pidfd_send_signal};

#[allow(dead_code, reason = "the example's program is not run here")]
#[path = "../examples/processes/hang.rs"]
mod hang;
#[allow(dead_code, reason = "the example's program is not run here")]
#[path = "../examples/kill_one/killer.rs"]
mod killer;
#[allow(dead_code, reason = "the example's program is not run here")]
#[path = "../examples/processes/queue.rs"]
mod queue;

// Has a test of its own.
#[allow(dead_code, reason = "the example's program is not run here")]
#[path = "../examples/two_locks.rs"]
mod two_locks;

use queue::PipeQueue;

#[test]
fn a_reader_whose_pipe_ends_in_the_middle_of_a_message_releases_the_lock() {
    // Nothing, half a length, and a length without its message.
    for bytes in [&[][..], &[0, 0], &[0, 0, 0, 9, 1, 2]] {
        let mut queue = PipeQueue::new().expect("a pipe");
        queue.put(&7_u32).expect("there is room");
        (&queue.writer).write_all(bytes).expect("there is room");
        // The last writer is gone.
        queue.writer = PipeWriter::from(std::os::fd::OwnedFd::from(
            File::options().write(true).open("/dev/null").expect("a file"),
        ));
        assert_eq!(queue.get::<u32>().expect("a whole message"), 7);
        for _ in 0..2 {
            assert_eq!(queue.get::<u32>().expect_err("the pipe has ended").kind(), ErrorKind::UnexpectedEof);
            assert_eq!(queue.lock[0].load(Relaxed), 0, "it is locked after {bytes:?}");
        }
    }
}

#[test]
fn a_reader_that_gets_something_else_releases_the_lock_and_the_next_message_is_whole() {
    let queue = PipeQueue::new().expect("a pipe");
    queue.put(&"no number").expect("there is room");
    queue.put(&7_u32).expect("there is room");
    // A length, and a letter that no `bool` is.
    queue.get::<(bool, bool)>().expect_err("the message is of another type");
    assert_eq!(queue.get::<u32>().expect("a whole message"), 7);
}

/// A child that has given itself this name, and waits.
fn child(name: &str) -> Child {
    let script = format!("printf {name} >/proc/$$/comm; echo; read line");
    let mut command = Command::new("sh");
    let mut child =
        command.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
    BufReader::new(child.stdout.as_mut().expect("a pipe")).read_line(&mut String::new()).expect("a line");
    child
}

#[test]
fn the_killer_takes_the_first_worker_and_no_other_child() {
    let others = [child("worker-10"), child("worker-2"), child("sh")];
    assert!(killer::first_worker().is_none());
    let mut worker = child("worker-1");
    let found = killer::first_worker().expect("the worker is there");
    pidfd_send_signal(&found, Signal::KILL).expect("it is running");
    assert_eq!(worker.wait().expect("it has ended").signal(), Some(9));
    // A handle of a process that was reaped refers to no other.
    assert!(pidfd_send_signal(&found, Signal::KILL).is_err());
    assert!(killer::first_worker().is_none());
    for mut other in others {
        assert_eq!(other.try_wait().expect("no error"), None, "another child was killed");
        drop(other.stdin.take());
        other.wait().expect("it has ended");
    }
}
