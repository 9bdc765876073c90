//! A connection between two processes that carries whole messages, and file descriptors with them.
//!
//! This is the counterpart of Python's `multiprocessing.connection` and `multiprocessing.reduction`. A message is a value
//! that serde can turn into bytes. A file descriptor can't be sent as bytes, because its number means nothing in another
//! process. The kernel gives the receiver a new descriptor for the same open file instead (`SCM_RIGHTS`, see unix(7)).
//!
//! Signals don't end a call early: a system call that a signal handler interrupts is repeated (PEP 475 does the same for
//! Python).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The maximum length of a message, in bytes.
const MAX_BYTES: usize = 1024;
/// The maximum number of file descriptors in a message.
const MAX_DESCRIPTORS: usize = 8;
/// The kernel's own maximum (`SCM_MAX_FD`, see unix(7)). With a smaller buffer, `receive` couldn't tell a peer that sends
/// too many descriptors from a process that has none left.
const KERNEL_MAX_DESCRIPTORS: usize = 253;
/// The first byte of every message. A message of no bytes would look like the end of the connection.
const BEGIN: u8 = 1;

/// One end of a connection.
///
/// The socket preserves message boundaries (`SOCK_SEQPACKET`): `receive` returns a whole message or none.
#[derive(Debug)]
pub struct Connection {
    socket: OwnedFd,
}

impl Connection {
    /// Creates two ends that are connected with each other. A program that this process executes doesn't inherit them.
    ///
    /// # Errors
    ///
    /// If the process or the system has too many open files.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, two) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Self { socket: one }, Self { socket: two }))
    }

    /// Sends `message`, and a duplicate of each of the `descriptors`. Blocks while the socket's buffer is full.
    ///
    /// # Errors
    ///
    /// If the other end is closed, if the message can't be serialized, or if it exceeds 1,024 bytes or 8 descriptors.
    pub fn send(&self, message: &impl Serialize, descriptors: &[BorrowedFd]) -> io::Result<()> {
        self.send_encoded(&encode(message, descriptors)?, descriptors)
    }

    /// Sends a message that was encoded earlier, together with the same `descriptors`.
    pub(super) fn send_encoded(&self, bytes: &[u8], descriptors: &[BorrowedFd]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
            return Err(too_long());
        }
        let bytes = [IoSlice::new(bytes)];
        // With NOSIGNAL, sending to a closed connection is an error instead of a signal that ends the process.
        retry_on_intr(|| sendmsg(&self.socket, &bytes, &mut control, SendFlags::NOSIGNAL))?;
        Ok(())
    }

    /// Receives a message and the file descriptors that came with it, or returns `None` if the other end is closed.
    /// Blocks until then.
    ///
    /// # Errors
    ///
    /// With [`io::ErrorKind::InvalidData`] if the message isn't a `T`, and with `EMFILE` if the process has too many open
    /// files to receive the descriptors. In both cases the message is gone, its descriptors are closed, and the
    /// connection can still be used.
    pub fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        let mut bytes = [0; MAX_BYTES];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(KERNEL_MAX_DESCRIPTORS))];
        // Closes the descriptors that it still has when it is dropped.
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let received = retry_on_intr(|| recvmsg(&self.socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC))?;
        let mut descriptors = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(sent) = message {
                descriptors.extend(sent);
            }
        }
        if received.bytes == 0 {
            return Ok(None);
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            return Err(Errno::MFILE.into());
        }
        let whole = !received.flags.contains(ReturnFlags::TRUNC) && descriptors.len() <= MAX_DESCRIPTORS;
        match postcard::take_from_bytes(&bytes[..received.bytes]) {
            Ok(((BEGIN, message), [])) if whole => Ok(Some((message, descriptors))),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the message that arrived isn't of the expected type")),
        }
    }
}

/// Turns a message into bytes, and checks that it can be sent with these `descriptors`.
pub(super) fn encode(message: &impl Serialize, descriptors: &[BorrowedFd]) -> io::Result<Vec<u8>> {
    let bytes = postcard::to_stdvec(&(BEGIN, message)).map_err(io::Error::other)?;
    if bytes.len() > MAX_BYTES || descriptors.len() > MAX_DESCRIPTORS { Err(too_long()) } else { Ok(bytes) }
}

fn too_long() -> io::Error {
    let message = format!("a message can have {MAX_BYTES} bytes and {MAX_DESCRIPTORS} file descriptors at most");
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl From<OwnedFd> for Connection {
    fn from(socket: OwnedFd) -> Self {
        Self { socket }
    }
}

impl From<Connection> for OwnedFd {
    fn from(connection: Connection) -> Self {
        connection.socket
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
#[path = "tests/connection.rs"]
mod tests;
