//! A queue that is a pipe: Python's `multiprocessing.SimpleQueue`.
//!
//! It differs from a [`Queue`](super::Queue) in what it leaves out: nobody says how many items there may be, nobody waits
//! until all is done, and nobody shuts it down. It needs no memory that the processes share, only the pipe, whose two ends
//! can be sent to any process. And it differs from the [`SimpleQueue` of threads](crate::threads::SimpleQueue) in that a
//! pipe has limits: [`put`](SimpleQueue::put) blocks while it is full, and an item is refused that is longer than a write
//! that goes in whole (`PIPE_BUF`, see pipe(7)).
//!
//! It differs from Python's in its frames. There, an item is a length and then as many bytes, so a reader needs several
//! reads and a lock around them, and one that is killed in between leaves the lock locked and the pipe torn. Here the pipe
//! is in *packet mode* (`O_DIRECT`): the kernel keeps apart what was written apart. A reader gets a whole item or none, and
//! everybody can be killed at any moment without harm to others. Nor is there a thread that feeds the pipe, here or there.
//!
//! A working engineer reaches for a Unix socket, which can be asked who is at its other end, for [ipc-channel], which can
//! also send the ends of channels, or, as soon as a second machine is in sight, for a message broker.
//!
//! [ipc-channel]: https://docs.rs/ipc-channel

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc::PIPE_BUF;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::fstat;
use nix::unistd::{pipe2, read, write};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::queue::{GetError, PutError};

/// What every item's frame begins with, since a pipe has no frames without any bytes.
const BEGIN: u8 = 1;
/// The longest item, in bytes.
pub const LONGEST: usize = PIPE_BUF - 1;
/// How much the pipe is asked to hold, in bytes: as much as Linux lets anyone have. Each item takes a page of it.
const CAPACITY: i32 = 1 << 20;

/// A queue whose items are frames in a pipe.
///
/// ```
/// use chapters::processes::SimpleQueue;
///
/// # fn main() -> std::io::Result<()> {
/// let queue = SimpleQueue::new()?;
/// queue.put((1, "one".to_owned())).unwrap();
///
/// // What another process does that was sent the ends of the pipe:
/// let [reader, writer] = queue.ends().map(|end| end.try_clone_to_owned());
/// let elsewhere = SimpleQueue::from_ends([reader?, writer?])?;
/// assert_eq!(elsewhere.get(), Ok((1, "one".to_owned())));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SimpleQueue<T> {
    reader: OwnedFd,
    writer: OwnedFd,
    of: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> SimpleQueue<T> {
    /// Makes an empty queue.
    ///
    /// # Errors
    ///
    /// When the system has no file descriptors left.
    pub fn new() -> io::Result<Self> {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
        // Some systems allow less, and less will do.
        let _ = fcntl(&writer, FcntlArg::F_SETPIPE_SZ(CAPACITY));
        Self::from_ends([reader, writer])
    }

    /// The queue whose ends another process sent. See the example of [`SimpleQueue`].
    ///
    /// # Errors
    ///
    /// When they are not the two ends of one pipe, to be read and to be written.
    pub fn from_ends([reader, writer]: [OwnedFd; 2]) -> io::Result<Self> {
        // Only a pipe has a size, and only its two ends have one inode.
        fcntl(&reader, FcntlArg::F_GETPIPE_SZ)?;
        let access = |end: &OwnedFd| Ok::<_, Errno>(fcntl(end, FcntlArg::F_GETFL)? & OFlag::O_ACCMODE.bits());
        let ends = (access(&reader)?, access(&writer)?) == (OFlag::O_RDONLY.bits(), OFlag::O_WRONLY.bits());
        if !ends || fstat(&reader)?.st_ino != fstat(&writer)?.st_ino {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "these are not the two ends of one pipe"));
        }
        fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK | OFlag::O_DIRECT))?;
        Ok(Self { reader, writer, of: PhantomData })
    }

    /// The two ends of the pipe, to be sent to another process: what is read, and what is written.
    pub fn ends(&self) -> [BorrowedFd<'_>; 2] {
        [self.reader.as_fd(), self.writer.as_fd()]
    }

    /// Another handle on the same queue.
    ///
    /// # Errors
    ///
    /// When the system has no file descriptors left.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { reader: self.reader.try_clone()?, writer: self.writer.try_clone()?, of: PhantomData })
    }

    /// Blocks until there is room, and puts an item. How many have room, the kernel says: mostly 256, and 16 or fewer for
    /// a user who has many pipes. See the example of [`SimpleQueue`].
    ///
    /// # Errors
    ///
    /// When the item cannot be serialized or is longer than [`LONGEST`]; or, with a pipe that is open at both ends, when the
    /// system has no memory left. The item comes back.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_until(item, None)
    }

    fn put_until(&self, item: T, deadline: Option<Instant>) -> Result<(), PutError<T>> {
        let frame = &mut [0; PIPE_BUF];
        let frame = match postcard::to_slice(&(BEGIN, &item), frame) {
            Ok(frame) => &*frame,
            Err(postcard::Error::SerializeBufferFull) => {
                return Err(PutError::Unsendable(item, format!("it is longer than {LONGEST} bytes")));
            }
            Err(error) => return Err(PutError::Unsendable(item, error.to_string())),
        };
        match retry(self.writer.as_fd(), PollFlags::POLLOUT, deadline, || write(&self.writer, frame)) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(PutError::Full(item)),
            Err(error) => Err(PutError::Unsendable(item, error.to_string())),
        }
    }

    /// Puts an item if there is room. Python's has no such method.
    ///
    /// ```
    /// use chapters::processes::SimpleQueue;
    /// use chapters::processes::queue::PutError;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let queue = SimpleQueue::new()?;
    /// while queue.try_put(7).is_ok() {}
    /// assert_eq!(queue.try_put(8), Err(PutError::Full(8)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the queue is full, or the item cannot be sent as with [`put`](SimpleQueue::put). The item comes back.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_timeout(item, Duration::ZERO)
    }

    /// Blocks until there is room or `timeout` has passed, and puts an item. A zero timeout is one try. Python's has no
    /// such method.
    ///
    /// # Errors
    ///
    /// When the queue stayed full, or the item cannot be sent as with [`put`](SimpleQueue::put). The item comes back.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put_until(item, Instant::now().checked_add(timeout))
    }

    /// Blocks until there is an item, and takes it. See the example of [`SimpleQueue`].
    ///
    /// # Errors
    ///
    /// When what lay in the pipe was no item of this queue. It is taken out.
    pub fn get(&self) -> Result<T, GetError> {
        self.get_until(None)
    }

    fn get_until(&self, deadline: Option<Instant>) -> Result<T, GetError> {
        let frame = &mut [0; PIPE_BUF];
        let length = retry(self.reader.as_fd(), PollFlags::POLLIN, deadline, || read(&self.reader, frame));
        let length = length.or(Err(GetError::Garbled))?.ok_or(GetError::Empty)?;
        match postcard::take_from_bytes(&frame[..length]) {
            Ok(((BEGIN, item), [])) => Ok(item),
            _ => Err(GetError::Garbled),
        }
    }

    /// Takes an item if there is one. Python's has no such method.
    ///
    /// ```
    /// use chapters::processes::SimpleQueue;
    /// use chapters::processes::queue::GetError;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let queue = SimpleQueue::new()?;
    /// assert_eq!(queue.try_get(), Err(GetError::Empty));
    /// queue.put(7).unwrap();
    /// assert_eq!(queue.try_get(), Ok(7));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the queue is empty, or what lay in it was no item.
    pub fn try_get(&self) -> Result<T, GetError> {
        self.get_timeout(Duration::ZERO)
    }

    /// Blocks until there is an item or `timeout` has passed, and takes it. A zero timeout is one try. Python's has no such
    /// method.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chapters::processes::SimpleQueue;
    /// use chapters::processes::queue::GetError;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let queue = SimpleQueue::<u32>::new()?;
    /// assert_eq!(queue.get_timeout(Duration::from_millis(1)), Err(GetError::Empty));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the queue stayed empty, or what lay in it was no item.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        self.get_until(Instant::now().checked_add(timeout))
    }

    /// Whether there is no item: Python's `empty()`. By the time you look at the answer, others may have changed it. How
    /// many there are, a pipe does not tell.
    pub fn is_empty(&self) -> bool {
        !ready(self.reader.as_fd(), PollFlags::POLLIN, PollTimeout::ZERO)
    }
}

/// Tries until the pipe has something, or room, for us; nothing if that is not so by the deadline.
fn retry(
    end: BorrowedFd,
    readiness: PollFlags,
    deadline: Option<Instant>,
    mut attempt: impl FnMut() -> nix::Result<usize>,
) -> nix::Result<Option<usize>> {
    loop {
        match attempt() {
            Ok(length) => return Ok(Some(length)),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => {
                let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                if left == Some(Duration::ZERO) {
                    return Ok(None);
                }
                // Rounded up, so that a wait does not end early and begin again.
                let millis = left.map(|left| left.as_nanos().div_ceil(1_000_000));
                let timeout = millis.map_or(PollTimeout::NONE, |left| left.try_into().unwrap_or(PollTimeout::MAX));
                ready(end, readiness, timeout);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Waits until `end` is ready, at most for `timeout`, and says whether it is.
fn ready(end: BorrowedFd, readiness: PollFlags, timeout: PollTimeout) -> bool {
    poll(&mut [PollFd::new(end, readiness)], timeout).is_ok_and(|ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn every_item_comes_out_once_and_whole() {
        const ITEMS: u64 = 5000;
        let queue = SimpleQueue::new().unwrap();
        let mut taken: Vec<(u64, Vec<u64>)> = thread::scope(|scope| {
            let getter = || (0..ITEMS).map(|_| queue.get_timeout(LONG).unwrap()).collect::<Vec<_>>();
            let getters = [(); 2].map(|()| scope.spawn(getter));
            for putter in 0..2 {
                let queue = &queue;
                let item = move |n| (putter * ITEMS + n, vec![n; n as usize % 100]);
                scope.spawn(move || (0..ITEMS).for_each(|n| queue.put_timeout(item(n), LONG).unwrap()));
            }
            getters.into_iter().flat_map(|getter| getter.join().unwrap()).collect()
        });
        taken.sort();
        assert!(taken.iter().map(|(n, _)| *n).eq(0..2 * ITEMS));
        assert!(taken.iter().all(|(n, content)| *content == vec![n % ITEMS; (n % ITEMS) as usize % 100]));
        assert!(queue.is_empty());
    }

    #[test]
    fn room_and_items_are_tested_before_the_time() {
        let queue = SimpleQueue::new().unwrap();
        assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetError::Empty));
        assert_eq!(queue.put_timeout(1, Duration::ZERO), Ok(()));
        assert!(!queue.is_empty());
        assert_eq!(queue.get_timeout(Duration::MAX), Ok(1));
        while queue.try_put(2).is_ok() {}
        assert_eq!(queue.put_timeout(3, Duration::from_millis(1)), Err(PutError::Full(3)));
    }

    #[test]
    fn an_item_that_cannot_be_sent_comes_back() {
        let queue = SimpleQueue::new().unwrap();
        // Its length takes two bytes.
        let longest = "x".repeat(LONGEST - 2);
        assert_eq!(queue.put(longest.clone()), Ok(()));
        assert_eq!(queue.get(), Ok(longest));
        let longer = "x".repeat(LONGEST - 1);
        let error = queue.put(longer.clone()).unwrap_err();
        assert_eq!(error.to_string(), "the item cannot be sent: it is longer than 4095 bytes");
        assert_eq!(error.into_item(), longer);
        assert!(queue.is_empty());
    }

    #[test]
    fn what_is_no_item_is_an_error_once() {
        let queue = SimpleQueue::<(u8, String)>::new().unwrap();
        for garbage in
            [&[255; PIPE_BUF][..], &[BEGIN], &[BEGIN, 7, 1], &[BEGIN, 7, 1, 255], &[BEGIN, 7, 0, 0], &[2, 7, 0]]
        {
            write(&queue.writer, garbage).unwrap();
            assert_eq!(queue.get(), Err(GetError::Garbled), "{garbage:?}");
            assert!(queue.is_empty());
        }
        assert_eq!(queue.put((7, String::new())), Ok(()));
        assert_eq!(queue.get(), Ok((7, String::new())));
    }

    #[test]
    fn an_item_of_no_bytes_is_an_item() {
        let queue = SimpleQueue::new().unwrap();
        queue.put(()).unwrap();
        assert_eq!(queue.try_get(), Ok(()));
        assert_eq!(queue.try_get(), Err(GetError::Empty));
    }

    #[test]
    fn what_is_no_pipe_is_refused() {
        let file = || OwnedFd::from(tempfile::tempfile().unwrap());
        let pipe = || pipe2(OFlag::empty()).unwrap();
        let refused = |ends| SimpleQueue::<u8>::from_ends(ends).is_err();
        assert!(refused([file(), file()]));
        assert!(refused([pipe().1, pipe().0]));
        assert!(refused([pipe().0, pipe().1]));
    }
}
