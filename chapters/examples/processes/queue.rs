//! Kills a process while it waits for an item, with a queue made of a pipe and a lock, and with this book's queue.

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread;
use std::time::Duration;

use chapters::processes::Queue;
use chapters::processes::shared::{Shared, Words};
use chapters::processes::start::{Process, fork};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::hang::is_readable_in_time;

const UNLOCKED: u64 = 0;
const LOCKED: u64 = 1;
/// The pause of a process that finds the lock locked.
const PAUSE: Duration = Duration::from_millis(1);

/// A queue built like Python's `multiprocessing.SimpleQueue`, for one writer: several writers would need a second lock.
pub struct PipeQueue {
    /// One word, which is set while a process reads.
    pub lock: Words,
    pub reader: PipeReader,
    pub writer: PipeWriter,
}

impl PipeQueue {
    pub fn new() -> io::Result<Self> {
        let memory = Arc::new(Shared::new(1)?);
        let (reader, writer) = io::pipe()?;
        Ok(Self { lock: memory.at(memory.place(1)?, 1)?, reader, writer })
    }

    pub fn put(&self, item: &impl Serialize) -> io::Result<()> {
        let bytes = postcard::to_stdvec(item).map_err(io::Error::other)?;
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?.to_be_bytes();
        (&self.writer).write_all(&[&length, bytes.as_slice()].concat())
    }

    // ANCHOR: get
    pub fn get<T: DeserializeOwned>(&self) -> io::Result<T> {
        let guard = self.acquire();
        let mut length = [0; 4];
        (&self.reader).read_exact(&mut length)?;
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        (&self.reader).read_exact(&mut bytes)?;
        drop(guard);
        postcard::from_bytes(&bytes).map_err(io::Error::other)
    }

    fn acquire(&self) -> Guard<'_> {
        while self.lock[0].swap(LOCKED, Acquire) == LOCKED {
            thread::sleep(PAUSE);
        }
        Guard { lock: &self.lock[0] }
    }
    // ANCHOR_END: get
}

/// Releases the lock when it's dropped, even after a failed read: every later read then fails too.
struct Guard<'a> {
    lock: &'a AtomicU64,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.lock.store(UNLOCKED, Release);
    }
}

pub fn show() -> io::Result<()> {
    let queue = PipeQueue::new()?;
    let put = |item: u32| queue.put(&item).expect("there is room");
    let got = after_a_kill(put, || queue.get().expect("an item"))?;
    println!("a pipe and a lock: the second reader gets the item: {got}");

    let memory = Arc::new(Shared::new(Queue::<u32>::WORDS)?);
    let queue = Queue::new(&memory, 0)?;
    let put = |item: u32| queue.put(item).expect("there is room");
    let got = after_a_kill(put, || queue.get().expect("an item"))?;
    println!("this book's queue: the second reader gets the item: {got}");
    Ok(())
}

/// Kills a process that waits for an item. Returns whether another process then gets the item.
fn after_a_kill(put: impl Fn(u32), get: impl Fn() -> u32) -> io::Result<bool> {
    let (_, first) = reader(&get)?;
    wait_until_it_sleeps(&first)?;
    first.kill();
    first.wait()?;

    put(42);
    let (pipe, second) = reader(&get)?;
    let got = is_readable_in_time(&pipe)?;
    second.kill();
    second.wait()?;
    Ok(got)
}

/// Starts a process that gets an item, and then reports it through a pipe.
fn reader(get: &impl Fn() -> u32) -> io::Result<(PipeReader, Process)> {
    let (pipe, mut reporter) = io::pipe()?;
    let process = fork::start(move || {
        let item = get();
        reporter.write_all(&item.to_be_bytes()).expect("the parent keeps the pipe open");
    })?;
    Ok((pipe, process))
}

/// Returns once the process is sleeping: it can only be waiting for an item.
fn wait_until_it_sleeps(process: &Process) -> io::Result<()> {
    while !fs::read_to_string(format!("/proc/{}/status", process.pid()))?.contains("State:\tS") {
        thread::yield_now();
    }
    Ok(())
}
