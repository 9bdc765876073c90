//! A connection between two processes: whole messages, and file descriptors with them.
//!
//! The counterpart of Python's `multiprocessing.connection` and its `reduction` module. A message is a value that serde
//! can turn into bytes. A file descriptor cannot be turned into bytes, since its number means nothing elsewhere: the
//! kernel makes the receiver a new one for the same open file (`SCM_RIGHTS`, see unix(7)).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest message, in bytes.
const LONGEST: usize = 1024;
/// The most file descriptors that one message can carry.
const MOST_DESCRIPTORS: usize = 8;
/// The most that the kernel lets through (`SCM_MAX_FD`, see unix(7)). Who made less room would lose those that do not fit, and
/// they would stay open.
const MOST_OF_ALL: usize = 253;
/// What every message begins with: one without any bytes would look like the end of the connection.
const BEGIN: u8 = 1;

/// One end of a connection.
///
/// The socket keeps messages apart (`SOCK_SEQPACKET`): who receives gets a whole one or none.
#[derive(Debug)]
pub struct Connection {
    socket: OwnedFd,
}

impl Connection {
    /// Makes two ends that are connected with each other.
    ///
    /// # Errors
    ///
    /// When the system has no file descriptors left.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, two) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        Ok((Self { socket: one }, Self { socket: two }))
    }

    /// Sends `message`, and the receiver a copy of each of `descriptors`. Blocks while the socket's buffer is full.
    ///
    /// # Errors
    ///
    /// When nobody holds the other end any more, or the message does not fit.
    // ANCHOR: send
    pub fn send(&self, message: &impl Serialize, descriptors: &[BorrowedFd]) -> io::Result<()> {
        let bytes = postcard::to_stdvec(&(BEGIN, message)).map_err(io::Error::other)?;
        if bytes.len() > LONGEST || descriptors.len() > MOST_DESCRIPTORS {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the message is too long"));
        }
        let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&raw)];
        let control = if raw.is_empty() { &[] } else { &rights[..] };
        // Without MSG_NOSIGNAL, a closed connection would end the process instead of the call.
        sendmsg::<()>(self.socket.as_raw_fd(), &[IoSlice::new(&bytes)], control, MsgFlags::MSG_NOSIGNAL, None)?;
        Ok(())
    }
    // ANCHOR_END: send

    /// Receives a message and the file descriptors that came with it; nothing once the other end is closed. Blocks
    /// until one of these happens.
    ///
    /// # Errors
    ///
    /// When what comes is not such a message.
    pub fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        let mut bytes = [0; LONGEST];
        let mut control = nix::cmsg_space!([RawFd; MOST_OF_ALL]);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let received = recvmsg::<()>(self.socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
        let mut descriptors = Vec::new();
        for message in received.cmsgs()? {
            if let ControlMessageOwned::ScmRights(raw) = message {
                // SAFETY: the kernel has just made these for us, and nobody else knows of them.
                descriptors.extend(raw.into_iter().map(|raw| unsafe { OwnedFd::from_raw_fd(raw) }));
            }
        }
        let (length, flags) = (received.bytes, received.flags);
        if length == 0 {
            return Ok(None);
        }
        let whole =
            !flags.intersects(MsgFlags::MSG_TRUNC | MsgFlags::MSG_CTRUNC) && descriptors.len() <= MOST_DESCRIPTORS;
        match postcard::take_from_bytes(&bytes[..length]) {
            Ok(((BEGIN, message), [])) if whole => Ok(Some((message, descriptors))),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "what came is no such message")),
        }
    }
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
