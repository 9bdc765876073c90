//! A queue that all processes share, built on a pipe: Python's `multiprocessing.Queue`.
//!
//! It differs from a channel between threads in that items are bytes on their way: they are serialized when they are
//! sent, so what serde cannot serialize cannot be sent at all. It differs from Python's queue in its frames. There, a
//! frame is a length and then as many bytes, so a reader needs two reads and a lock around them, and one that is killed
//! in between leaves the lock locked and the pipe torn. Here all frames have one size, and the kernel's own lock is
//! enough: a reader gets a whole frame or none, and can be killed at any moment without harm to others.
//!
//! That rests on two facts. A write of up to `PIPE_BUF` bytes goes into the pipe whole (POSIX, pipe(7)), so the pipe's
//! content is always a number of whole frames. And Linux holds the pipe's lock for as long as a read takes what there is
//! (`pipe_read` in `fs/pipe.c`), so no two readers share a frame.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The size of a frame: one byte that says how long the item is, and the item.
const FRAME: usize = 32;
/// How many frames are written at once: as many as go into the pipe whole.
const BATCH: usize = 4096;
/// How much the pipe is asked to hold: as much as Linux lets anyone have.
const CAPACITY: i32 = 1 << 20;

/// The end that processes take items from.
#[derive(Debug)]
pub struct Queue<T> {
    pipe: PipeReader,
    item: PhantomData<fn() -> T>,
}

/// The end that one process puts items into, before anybody takes them.
#[derive(Debug)]
pub struct Sender<T> {
    pipe: PipeWriter,
    frames: Vec<u8>,
    item: PhantomData<fn(T)>,
}

/// Why no item came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// None came in time.
    Timeout,
    /// None will come any more: the queue is empty, and its sender is gone.
    Disconnected,
}

/// Makes an empty queue.
///
/// # Errors
///
/// When the system has no file descriptors left.
pub fn channel<T>() -> io::Result<(Sender<T>, Queue<T>)> {
    let (reader, writer) = io::pipe()?;
    // Some systems allow less, and less will do.
    let _ = fcntl(&writer, FcntlArg::F_SETPIPE_SZ(CAPACITY));
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let sender = Sender { pipe: writer, frames: Vec::new(), item: PhantomData };
    Ok((sender, Queue::from_pipe(reader)?))
}

impl<T> Queue<T> {
    /// The queue that a pipe belongs to which another process sent.
    ///
    /// # Errors
    ///
    /// When the pipe cannot be made non-blocking.
    pub fn from_pipe(pipe: PipeReader) -> io::Result<Self> {
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self { pipe, item: PhantomData })
    }

    /// Another handle on the same queue.
    ///
    /// # Errors
    ///
    /// When the system has no file descriptors left.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { pipe: self.pipe.try_clone()?, item: PhantomData })
    }

    /// Waits until there is something to take, or nothing will come any more, or the deadline has passed.
    fn wait(&self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        // Rounded up, so that a wait does not end early and begin again.
        let millis = left.as_nanos().div_ceil(1_000_000);
        let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(self.pipe.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl<T: DeserializeOwned> Queue<T> {
    /// Takes the next item; if there is none, blocks until there is one, at most until `deadline`.
    ///
    /// # Errors
    ///
    /// When none came in time, or none will come any more. A pipe that does not work any more, or in which somebody put
    /// what is no frame of this queue, counts as the latter.
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        loop {
            match self.try_recv() {
                Ok(Some(item)) => return Ok(item),
                Ok(None) if Instant::now() >= deadline => return Err(RecvTimeoutError::Timeout),
                Ok(None) => self.wait(deadline).map_err(|_| RecvTimeoutError::Disconnected)?,
                Err(_) => return Err(RecvTimeoutError::Disconnected),
            }
        }
    }

    /// Takes the next item if there is one.
    fn try_recv(&self) -> io::Result<Option<T>> {
        let mut frame = [0; FRAME];
        match (&self.pipe).read(&mut frame) {
            Ok(FRAME) => {
                let item = frame.get(1..=usize::from(frame[0])).ok_or(io::ErrorKind::InvalidData)?;
                let item = postcard::from_bytes(item);
                item.map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
            }
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Err(io::ErrorKind::InvalidData.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes all that there is and says how many items it was. Never blocks.
    pub fn drain(&self) -> u64 {
        let mut count = 0;
        while let Ok(Some(_)) = self.try_recv() {
            count += 1;
        }
        count
    }
}

impl<T> AsFd for Queue<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl<T: Serialize> Sender<T> {
    /// Puts an item on the queue: serializes it, and keeps the bytes for the [feeder](Sender::feed). Never blocks.
    ///
    /// # Errors
    ///
    /// When the item cannot be serialized, or is too long for a frame: the sender learns it, where Python's feeder
    /// prints a traceback long after `put` has returned.
    pub fn send(&mut self, item: &T) -> io::Result<()> {
        let mut frame = [0; FRAME];
        let used = postcard::to_slice(item, &mut frame[1..]);
        let used = used.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?.len();
        frame[0] = used as u8;
        self.frames.extend_from_slice(&frame);
        Ok(())
    }
}

impl<T> Sender<T> {
    /// Starts the feeder, a thread that moves the items into the pipe as fast as others take them out. It closes the
    /// pipe when all are in it if `then_close`, otherwise when it is told to stop.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread or a file descriptor.
    pub fn feed(self, then_close: bool) -> io::Result<Feeder> {
        let (stopped, stop) = io::pipe()?;
        let Self { mut pipe, frames, .. } = self;
        let feed = move || {
            let mut rest = frames.as_slice();
            while !rest.is_empty() && writable(&pipe, &stopped) {
                match pipe.write(&rest[..rest.len().min(BATCH)]) {
                    Ok(written) => rest = &rest[written..],
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => break,
                }
            }
            if !then_close {
                let _ = (&stopped).read(&mut [0]);
            }
            (rest.len() / FRAME) as u64
        };
        let thread = thread::Builder::new().name("feeder".to_owned()).spawn(feed)?;
        Ok(Feeder { stop, thread })
    }
}

/// Blocks until the pipe has room, and says so, or until there is nothing more to be written.
fn writable(pipe: &PipeWriter, stopped: &PipeReader) -> bool {
    let mut ends = [PollFd::new(pipe.as_fd(), PollFlags::POLLOUT), PollFd::new(stopped.as_fd(), PollFlags::POLLIN)];
    loop {
        match poll(&mut ends, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Err(_) => return false,
            Ok(_) => return !ends[1].any().unwrap_or(true),
        }
    }
}

/// The thread that feeds a queue.
#[derive(Debug)]
pub struct Feeder {
    stop: PipeWriter,
    thread: JoinHandle<u64>,
}

impl Feeder {
    /// Stops the feeder and closes the queue; says how many items it had not yet put into the pipe. Does not wait for
    /// anybody to take what is in it: Python's feeder does, which is why a program there may hang at its exit.
    pub fn stop(self) -> u64 {
        drop(self.stop);
        self.thread.join().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Long enough for everything that is not meant to wait.
    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    fn filled(items: std::ops::Range<u64>) -> (Sender<u64>, Queue<u64>) {
        let (mut sender, queue) = channel().unwrap();
        items.for_each(|item| sender.send(&item).unwrap());
        (sender, queue)
    }

    #[test]
    fn items_come_out_in_the_order_in_which_they_went_in_and_then_no_more() {
        let (sender, queue) = filled(0..10_000);
        let feeder = sender.feed(true).unwrap();
        assert!((0..10_000).all(|item| queue.recv_deadline(soon()) == Ok(item)));
        assert_eq!(queue.recv_deadline(soon()), Err(RecvTimeoutError::Disconnected));
        assert_eq!(feeder.stop(), 0);
    }

    #[test]
    fn many_readers_share_the_items_and_each_gets_whole_ones() {
        let (sender, queue) = filled(0..100_000);
        let feeder = sender.feed(true).unwrap();
        let read = || {
            let queue = queue.try_clone().unwrap();
            move || std::iter::from_fn(|| queue.recv_deadline(soon()).ok()).collect::<Vec<u64>>()
        };
        let mut items: Vec<u64> = thread::scope(|scope| {
            let readers: Vec<_> = (0..4).map(|_| scope.spawn(read())).collect();
            readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect()
        });
        items.sort_unstable();
        assert!(items.into_iter().eq(0..100_000));
        assert_eq!(feeder.stop(), 0);
    }

    #[test]
    fn a_queue_that_stays_open_lets_its_readers_wait() {
        let (sender, queue) = filled(0..0);
        let feeder = sender.feed(false).unwrap();
        assert_eq!(queue.recv_deadline(Instant::now() + Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
        assert_eq!(queue.recv_deadline(Instant::now()), Err(RecvTimeoutError::Timeout));
        feeder.stop();
        assert_eq!(queue.recv_deadline(soon()), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn stopping_the_feeder_of_a_full_pipe_neither_hangs_nor_loses_an_item() {
        let (sender, queue) = filled(0..100_000);
        let feeder = sender.feed(false).unwrap();
        assert_eq!(queue.recv_deadline(soon()), Ok(0));
        let unsent = feeder.stop();
        assert!(unsent > 0, "100,000 frames do not fit into a pipe");
        assert_eq!(1 + queue.drain() + unsent, 100_000);
    }

    #[test]
    fn an_item_that_does_not_fit_is_refused_where_it_is_sent() {
        let (mut sender, _queue) = channel::<String>().unwrap();
        assert!(sender.send(&"x".repeat(FRAME - 2)).is_ok());
        assert_eq!(sender.send(&"x".repeat(FRAME)).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn what_is_no_frame_ends_the_queue_and_nothing_else() {
        let (sender, queue) = channel::<u64>().unwrap();
        (&sender.pipe).write_all(&[255; FRAME]).unwrap();
        assert_eq!(queue.recv_deadline(soon()), Err(RecvTimeoutError::Disconnected));
        (&sender.pipe).write_all(&[1; FRAME / 2]).unwrap();
        assert_eq!(queue.recv_deadline(soon()), Err(RecvTimeoutError::Disconnected));
    }
}
