//! Forks a process with two threads. One thread holds a lock during the fork, and the child has only the other thread.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use chapters::processes::start::{Child, Method, Starter, fork};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How long the parent waits for a report, in milliseconds. Acquiring a free lock takes far less time.
const TIMEOUT_MS: u16 = 1000;

/// A thread's lock. Every process has its own copy.
static LOCK: Mutex<()> = Mutex::new(());

/// Acquires the lock, and writes one byte before and one after.
pub struct Taker {
    pipe: PipeWriter,
}

impl Taker {
    fn new() -> io::Result<(PipeReader, Self)> {
        let (reader, pipe) = io::pipe()?;
        Ok((reader, Self { pipe }))
    }
}

impl Child for Taker {
    type Preparation = ();

    fn pack(&self) -> io::Result<((), Vec<BorrowedFd<'_>>)> {
        Ok(((), vec![self.pipe.as_fd()]))
    }

    fn unpack((): (), mut files: Vec<OwnedFd>) -> io::Result<Self> {
        let pipe = files.pop().ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { pipe: PipeWriter::from(pipe) })
    }

    fn run(mut self) {
        self.pipe.write_all(b"?").expect("the parent reads the pipe");
        let _held = LOCK.lock();
        self.pipe.write_all(b"!").expect("the parent reads the pipe");
    }
}

pub fn show() -> io::Result<()> {
    // ANCHOR: hang
    let (pipe, taker) = Taker::new()?;
    let release = lock_in_another_thread();
    // SAFETY: the child only tries to acquire a lock that another thread holds, so it blocks.
    let child = unsafe { fork::start_unchecked(|| taker.run()) }?;
    release();
    println!("the other thread has released the lock: {}", LOCK.try_lock().is_ok());
    if !has_acquired(pipe)? {
        println!("after {TIMEOUT_MS} ms, the child is still waiting for the lock");
        child.kill();
    }
    // ANCHOR_END: hang
    println!("the child ended with {}", child.wait()?);
    Ok(())
}

pub fn show_fixed() -> io::Result<()> {
    let (pipe, taker) = Taker::new()?;
    let early = Starter::new(Method::Fork)?.start(taker)?;
    println!("Fork, before the thread starts: the child acquired the lock: {}", has_acquired(pipe)?);
    early.wait()?;
    let release = lock_in_another_thread();
    for method in [Method::Fork, Method::Spawn, Method::Forkserver] {
        let (pipe, taker) = Taker::new()?;
        match Starter::new(method) {
            Ok(starter) => {
                let process = starter.start(taker)?;
                println!("{method:?}: the child acquired the lock: {}", has_acquired(pipe)?);
                process.wait()?;
            }
            Err(error) => println!("{method:?}: {error}"),
        }
    }
    release();
    Ok(())
}

/// Starts a thread that acquires the lock. Returns a function that makes the thread release it.
fn lock_in_another_thread() -> impl FnOnce() {
    let (locked, is_locked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let holder = thread::spawn(move || {
        let _held = LOCK.lock();
        locked.send(()).expect("the main thread is waiting");
        let _ = released.recv();
    });
    is_locked.recv().expect("the thread acquires the lock");
    move || {
        drop(release);
        holder.join().expect("the thread doesn't panic");
    }
}

/// Whether the [`Taker`] that writes to `pipe` acquires the lock before the timeout.
fn has_acquired(mut pipe: PipeReader) -> io::Result<bool> {
    pipe.read_exact(&mut [0])?;
    is_readable_in_time(&pipe)
}

/// Whether `pipe` becomes readable before the timeout.
pub fn is_readable_in_time(pipe: &PipeReader) -> io::Result<bool> {
    let mut polled = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    while poll(&mut polled, PollTimeout::from(TIMEOUT_MS)) == Err(Errno::EINTR) {}
    Ok(polled[0].revents().is_some_and(|events| events.contains(PollFlags::POLLIN)))
}
