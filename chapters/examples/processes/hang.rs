//! A process with two threads is copied. One of them holds a lock, and only the other exists in the copy.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use chapters::processes::start::{Child, Method, Starter, fork};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// The time limit in milliseconds for an action that is almost instant.
const LONGEST: u16 = 1000;

/// A lock of this process. Every process has one of its own.
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
        self.pipe.write_all(b"?").expect("somebody listens");
        let _held = LOCK.lock();
        self.pipe.write_all(b"!").expect("somebody listens");
    }
}

pub fn show() -> io::Result<()> {
    // ANCHOR: hang
    let (pipe, taker) = Taker::new()?;
    let give_back = lock_in_another_thread();
    // SAFETY: the child acquires a lock that another thread holds, so it can only wait, in vain.
    let child = unsafe { fork::start_unchecked(|| taker.run()) }?;
    give_back();
    println!("the other thread has given the lock back: {}", LOCK.try_lock().is_ok());
    if !has_taken(pipe)? {
        println!("the child does not have it after {LONGEST} ms, and will never have it");
        child.kill();
    }
    // ANCHOR_END: hang
    println!("the child has ended with {}", child.wait()?);
    Ok(())
}

pub fn show_mended() -> io::Result<()> {
    let (pipe, taker) = Taker::new()?;
    let early = Starter::new(Method::Fork)?.start(taker)?;
    println!("fork, before the thread: the child has the lock: {}", has_taken(pipe)?);
    early.wait()?;
    let give_back = lock_in_another_thread();
    for method in [Method::Fork, Method::Spawn, Method::Forkserver] {
        let (pipe, taker) = Taker::new()?;
        match Starter::new(method) {
            Ok(starter) => {
                let process = starter.start(taker)?;
                println!("{method:?}: the child has the lock: {}", has_taken(pipe)?);
                process.wait()?;
            }
            Err(error) => println!("{method:?}: {error}"),
        }
    }
    give_back();
    Ok(())
}

/// Starts a thread that acquires the lock. Returns a function that makes the thread release it.
fn lock_in_another_thread() -> impl FnOnce() {
    let (tell, told) = mpsc::channel();
    let (end, ending) = mpsc::channel::<()>();
    let holder = thread::spawn(move || {
        let _held = LOCK.lock();
        tell.send(()).expect("somebody listens");
        let _ = ending.recv();
    });
    told.recv().expect("the thread takes the lock");
    move || {
        drop(end);
        holder.join().expect("the thread does nothing that could fail");
    }
}

/// Whether the [`Taker`] at the other end of `pipe` acquires the lock in time.
fn has_taken(mut pipe: PipeReader) -> io::Result<bool> {
    pipe.read_exact(&mut [0])?;
    says_in_time(&pipe)
}

/// Whether something comes out of `pipe` in time.
pub fn says_in_time(pipe: &PipeReader) -> io::Result<bool> {
    let mut news = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    while poll(&mut news, PollTimeout::from(LONGEST)) == Err(Errno::EINTR) {}
    Ok(news[0].revents().is_some_and(|news| news.contains(PollFlags::POLLIN)))
}
